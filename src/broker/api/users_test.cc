// SPDX-License-Identifier: Apache-2.0
// Enrolment through the API: what the answers hold, what the audit log holds, and what a user's end takes along.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "broker/api/fake_sink_test.h"
#include "identity/hotp.h"

namespace sallyport::broker::api {
namespace {

using nlohmann::json;

class UsersTest : public ApiTest {
 protected:
  Heard with(auto asked, const std::string& user) {
    asked.set_user(user);
    return ask(std::move(asked));
  }
  json facts(const std::string& name) {
    ipc::ShowUser asked;
    asked.set_name(name);
    const Heard heard = ask(asked);
    EXPECT_EQ(heard.failure, "") << heard.message;
    return heard.items.empty() ? json() : json::parse(heard.items[0].json);
  }
  /// The secret in an enrolment's answer, as an app reads it.
  std::string begin(const std::string& user) {
    const Heard heard = with(ipc::EnrollTotp(), user);
    EXPECT_EQ(heard.failure, "") << heard.message;
    const std::string uri = json::parse(heard.items.at(0).json).at("uri");
    EXPECT_EQ(uri.rfind("otpauth://totp/Sallyport:" + user + "?secret=", 0), 0U) << uri;
    const std::size_t at = uri.find("secret=") + 7;
    return uri.substr(at, uri.find('&') - at);
  }
  static base::Bytes from_base32(const std::string& text) {
    base::Bytes out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : text) {
      held = (held << 5) | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
      bits += 5;
      if (bits >= 8) out.push_back(static_cast<std::uint8_t>(held >> (bits -= 8)));
    }
    return out;
  }
  std::string code(const std::string& secret) {
    const auto step = static_cast<std::uint64_t>(clock.now_us() / 30'000'000);
    return base::to_text(identity::hotp(from_base32(secret), step, 6)->view());
  }
  Heard confirm(const std::string& user, const std::string& code, bool recovery_codes = false) {
    ipc::ConfirmTotp asked;
    asked.set_code(code);
    asked.set_recovery_codes(recovery_codes);
    return with(std::move(asked), user);
  }
};

TEST_F(UsersTest, EnrolmentTakesACodeAndShowsTheSecretOnce) {
  EXPECT_EQ(with(ipc::EnrollTotp(), "alice").failure, "not_found");
  ASSERT_EQ(apply({R"({"kind":"user","name":"alice","groups":["ops"]})"}).failure, "");
  const std::string secret = begin("alice");
  EXPECT_TRUE(facts("alice")["totp"].is_null());
  EXPECT_FALSE(policy.current()->is_enrolled("alice"));
  EXPECT_EQ(confirm("alice", "000").failure, "denied");
  const Heard done = confirm("alice", code(secret), true);
  ASSERT_EQ(done.failure, "") << done.message;
  const json codes = json::parse(done.items.at(0).json).at("recovery_codes");
  EXPECT_EQ(codes.size(), 10U);
  EXPECT_TRUE(policy.current()->is_enrolled("alice")) << "logins see it at once";
  const json shown = facts("alice");
  EXPECT_EQ(shown["totp"]["recovery_codes"], 10);
  EXPECT_EQ(shown["groups"], json::array({"ops"}));
  EXPECT_EQ(shown["password"], false);
  EXPECT_EQ(with(ipc::EnrollTotp(), "alice").failure, "exists");

  EXPECT_EQ(audit_types(), (std::vector<std::string>{"resource.create", "user.enroll-totp", "user.confirm-totp"}));
  const auto rows = store->list_audit({});
  for (const auto& row : *rows) {
    EXPECT_EQ(row.body.find(secret), std::string::npos);
    EXPECT_EQ(row.body.find(codes[0].get<std::string>()), std::string::npos);
  }
}

TEST_F(UsersTest, RemovalTakesItBackAndWhatItProved) {
  ASSERT_EQ(apply({R"({"kind":"user","name":"alice"})"}).failure, "");
  EXPECT_EQ(with(ipc::RemoveTotp(), "alice").failure, "not_found");
  ASSERT_EQ(confirm("alice", code(begin("alice"))).failure, "");
  const auto before = policy.current()->incarnation_of("alice");
  EXPECT_EQ(with(ipc::RemoveTotp(), "alice").failure, "");
  EXPECT_FALSE(policy.current()->is_enrolled("alice"));
  EXPECT_FALSE(policy.current()->counts("alice", *before));
  EXPECT_TRUE(policy.current()->is_same("alice", *before));
}

TEST_F(UsersTest, ADeletedUsersFactorIsNotTheNextOnes) {
  const std::string alice = R"({"kind":"user","name":"alice"})";
  ASSERT_EQ(apply({alice}).failure, "");
  const std::string waiting = begin("alice");
  ipc::DeleteResource gone;
  gone.set_kind("user");
  gone.set_name("alice");
  ASSERT_EQ(ask(gone).failure, "");
  ASSERT_EQ(apply({alice}).failure, "");
  EXPECT_EQ(confirm("alice", code(waiting)).failure, "not_found") << "neither is one that waits";
  ASSERT_EQ(confirm("alice", code(begin("alice")), true).failure, "");
  ASSERT_EQ(ask(gone).failure, "");
  EXPECT_FALSE(policy.current()->is_enrolled("alice"));
  ASSERT_EQ(apply({alice}).failure, "");
  EXPECT_TRUE(facts("alice")["totp"].is_null());
  EXPECT_TRUE(store->list_credentials("user")->empty());
  EXPECT_TRUE(store->list_credentials("factor")->empty());
}

}  // namespace
}  // namespace sallyport::broker::api
