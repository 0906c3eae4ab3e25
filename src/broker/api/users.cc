// SPDX-License-Identifier: Apache-2.0
// One user: what proves the user, and enrolment for one-time codes. The answer to an enrolment is the only place where
// its secret shows; no log and no audit event has it.
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/api/change_submit.h"
#include "broker/api/handlers.h"
#include "broker/api/user_change.h"
#include "identity/recovery_code.h"
#include "identity/totp.h"
#include "identity/user_credentials.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

// Whoever sees the secret of an enrolment has the user's second factor.
constexpr const char* kEnrolThemselves =
    "the user enrols with `ssh USER@GATEWAY enroll-totp`, after `sallyport user remove-totp` where there is an "
    "enrolment already";

base::Result<Answer> begin_totp(const Exchange& exchange, const std::string& user) {
  if (auto alone = check_alone(exchange, policy::ChangeArea::keys, kEnrolThemselves); !alone) return base::pass(alone);
  Services& services = exchange.services();
  base::SecretBytes secret;
  const base::Status done = services.store.transaction([&]() -> base::Status {
    if (auto there = still_there(exchange, "user", user); !there) return there;
    if (auto person = is_person(services.store, user); !person) return person;
    if (auto written = write_event(exchange, "user.enroll-totp", {{"user", user}}); !written) return written;
    auto begun = services.totp.begin(user);
    if (!begun) return base::pass(begun);
    secret = std::move(*begun);
    return {};
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  const base::SecretBytes uri = identity::totp_uri(services.config.auth.issuer, user, secret.view());
  Answer answer;
  answer.add(Json{{"user", user}, {"uri", base::text(uri.view())}}.dump());
  return answer;
}

base::Result<Answer> end_enrolment(const Exchange& exchange, const std::string& user, base::ByteView code,
                                   bool with_recovery_codes) {
  if (auto alone = check_alone(exchange, policy::ChangeArea::keys, kEnrolThemselves); !alone) return base::pass(alone);
  Services& services = exchange.services();
  std::vector<base::SecretBytes> codes;
  const base::Status done = services.store.transaction([&]() -> base::Status {
    codes.clear();  // of an earlier run
    if (auto there = still_there(exchange, "user", user); !there) return there;
    if (auto person = is_person(services.store, user); !person) return person;
    if (auto confirmed = services.totp.confirm(user, code); !confirmed) return confirmed;
    if (with_recovery_codes) {
      auto made = services.totp.make_recovery_codes(user);
      if (!made) return base::pass(made);
      codes = std::move(*made);
    }
    return write_event(exchange, "user.confirm-totp",
                       {{"user", user}, {"recovery_codes", static_cast<std::int64_t>(codes.size())}});
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  if (auto in_force = put_in_force(exchange); !in_force) return base::pass(in_force);
  Json shown = Json::array();
  for (const base::SecretBytes& one : codes) shown.push_back(base::text(identity::grouped(one.view()).view()));
  Answer answer;
  answer.add(Json{{"user", user}, {"recovery_codes", std::move(shown)}}.dump());
  return answer;
}

base::Result<Answer> facts_of(const Exchange& exchange, const std::string& name) {
  Services& services = exchange.services();
  Json facts;
  const base::Status done = services.store.transaction([&]() -> base::Status {
    auto row = services.store.get_resource("user", name);
    if (!row && row.error().code == base::Errc::not_found) {
      return base::fail(base::Errc::not_found, unknown("user", name).message);
    }
    if (!row) return base::pass(row);
    auto resource = policy::parse_resource(row->json);
    if (!resource) return base::pass(resource);
    const auto* user = std::get_if<policy::User>(&*resource);
    if (user == nullptr) return base::fail(base::Errc::corrupt, "the stored user " + name + " is something else");
    auto password = identity::password_hash(services.store, name);
    if (!password) return base::pass(password);
    auto totp = services.totp.enrolment(name);
    if (!totp) return base::pass(totp);
    Json enrolled;
    if (*totp) {
      enrolled =
          Json{{"enrolled_at", base::to_rfc3339((*totp)->enrolled_at_us)}, {"recovery_codes", (*totp)->recovery_codes}};
    }
    facts = Json{{"name", name},
                 {"email", user->email},
                 {"groups", user->groups},
                 {"disabled", user->disabled},
                 {"type", policy::to_string(user->type)},
                 {"public_keys", user->public_keys.size()},
                 {"password", password->has_value()},
                 {"totp", std::move(enrolled)}};
    return {};
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  Answer answer;
  answer.add(facts.dump());
  return answer;
}

}  // namespace

void enroll_totp(const ExchangePtr& exchange, ipc::EnrollTotp& asked) {
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, user = asked.user()] { return begin_totp(*exchange, user); });
}

void confirm_totp(const ExchangePtr& exchange, ipc::ConfirmTotp& asked) {
  const auto code = take_secret(*asked.mutable_code());
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, user = asked.user(), code, with_recovery_codes = asked.recovery_codes()] {
                        return end_enrolment(*exchange, user, code->view(), with_recovery_codes);
                      });
}

void remove_totp(const ExchangePtr& exchange, ipc::RemoveTotp& asked) {
  exchange->answer_on(exchange->services().store_thread, [exchange, asked]() -> base::Result<Answer> {
    Step step;
    step.change = {ChangeStep::What::remove_totp, "user", asked.user(), "", 0};
    auto made = submit(*exchange, {std::move(step)}, wish_of(asked), Depth::carry_out);
    if (!made) return base::pass(made);
    return answer_of(*made);
  });
}

void show_user(const ExchangePtr& exchange, ipc::ShowUser& asked) {
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, name = asked.name()] { return facts_of(*exchange, name); });
}

}  // namespace sallyport::broker::api
