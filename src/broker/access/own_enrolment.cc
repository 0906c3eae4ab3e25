// SPDX-License-Identifier: Apache-2.0
// Two commands, so that every client can: one shows the secret, the other brings the first code.
#include "broker/access/own_enrolment.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "broker/access/barred_users.h"
#include "identity/recovery_code.h"
#include "qr/terminal_code.h"

namespace sallyport::broker {
namespace {

using base::Result;
using base::Status;

// On the store's thread.
class Enrolment {
 public:
  Enrolment(Services& services, Identity identity, std::string source)
      : services_(services), identity_(std::move(identity)), source_(std::move(source)) {}

  Result<std::string> begin() {
    base::SecretBytes secret;
    const Status done = services_.store.transaction([&]() -> Status {
      auto present = look();
      if (!present) return base::pass(present);
      auto begun = services_.totp.begin(identity_.user, *present);
      if (!begun) return base::pass(begun);
      secret = std::move(*begun);
      return note("user.enroll-totp", {});
    });
    if (!done) return base::fail(done.error().code, done.error().message);
    const base::SecretBytes uri = identity::totp_uri(services_.config.auth.issuer, identity_.user, secret.view());
    auto drawn = qr::qr_for_terminal(uri.view());
    if (!drawn) return base::pass(drawn);
    return "Scan this with an authenticator app, or open the address on the device that has it.\n\n" +
           std::string(base::text(drawn->view())) + "\n" + std::string(base::text(uri.view())) +
           "\n\nThen bring the app's first code within 15 minutes:\n\n  ssh " + identity_.user +
           "@GATEWAY \"enroll-totp CODE\"\n";
  }

  Result<std::string> confirm(base::ByteView code) {
    std::vector<base::SecretBytes> codes;
    const Status done = services_.store.transaction([&]() -> Status {
      codes.clear();  // of an earlier run
      auto present = look();
      if (!present) return base::pass(present);
      if (auto confirmed = services_.totp.confirm(identity_.user, code, *present); !confirmed) return confirmed;
      auto made = services_.totp.make_recovery_codes(identity_.user);
      if (!made) return base::pass(made);
      codes = std::move(*made);
      return note("user.confirm-totp", {{"recovery_codes", static_cast<std::int64_t>(codes.size())},
                                        {"replaced", *present == identity::Present::is_replaced}});
    });
    if (!done) return base::fail(done.error().code, done.error().message);
    std::string out =
        "You are enrolled: from now on logins ask for a code.\n\nRecovery codes, in the place of the app's code, each "
        "good once. Write them down: nobody can show them again.\n";
    for (const base::SecretBytes& one : codes) {
      out += "  " + std::string(base::text(identity::grouped(one.view()).view())) + "\n";
    }
    return out;
  }

 private:
  // Inside the transaction: the login still counts, and is good enough.
  Result<identity::Present> look() {
    auto row = services_.store.get_resource("user", identity_.user);
    if (!row || row->incarnation != identity_.incarnation) {
      return base::fail(base::Errc::denied, "what proves who you are was changed: log in anew");
    }
    const policy::User* user = services_.policy.current()->resources.user(identity_.user);
    if (user == nullptr || user->is_service()) {
      return base::fail(base::Errc::denied, "a service account logs in with keys or certificates alone");
    }
    auto enrolled = services_.totp.enrolment(identity_.user);
    if (!enrolled) return base::pass(enrolled);
    const OwnEnrolmentCheck check = check_own_enrolment(services_.config.auth.self_enrolment, enrolled->has_value(),
                                                        identity_, services_.clock.monotonic_us());
    if (!check.refusal.empty()) return base::fail(base::Errc::denied, check.refusal);
    return check.present;
  }

  Status note(const char* type, std::vector<audit::Field> more) {
    audit::Event event{type, identity_.user, {}, {{"user", identity_.user}, {"source", source_}}};
    for (audit::Field& field : more) event.fields.push_back(std::move(field));
    auto written = services_.audit.log().append(event);
    if (!written) return base::pass(written);
    return {};
  }

  Services& services_;
  const Identity identity_;
  const std::string source_;
};

}  // namespace

OwnEnrolmentCheck check_own_enrolment(config::SelfEnrolment setting, bool enrolled, const Identity& identity,
                                      base::Micros now_us) {
  if (setting == config::SelfEnrolment::no)
    return {"this gateway does not let users enrol themselves: ask an administrator"};
  if (now_us - identity.proved_us > kEnrolmentProofUs) return {"you logged in too long ago for this: log in anew"};
  if (!enrolled && setting == config::SelfEnrolment::yes) return {};
  if (!enrolled) {
    return {
        "you have no one-time codes yet, and this gateway lets only administrators enrol you: ask one for "
        "`sallyport user enroll-totp " +
        identity.user + "`"};
  }
  const bool proved = std::any_of(identity.factors.begin(), identity.factors.end(), [&](const ProvedFactor& one) {
    return one.factor == policy::Factor::totp && one.kind == policy::FactorProof::Kind::by_this_login &&
           now_us - one.proved_us <= kEnrolmentProofUs;
  });
  if (!proved) return {"to replace your one-time codes, log in with one of them first: this login was let in without"};
  return {"", identity::Present::is_replaced};
}

void run_own_enrolment(Services& services, const Identity& identity, const std::string& source,
                       const policy::EnrollCommand& command, OwnReply reply) {
  services.store_thread.post(
      [&services, enrolment = std::make_shared<Enrolment>(services, identity, source), user = identity.user,
       code = std::make_shared<base::SecretBytes>(base::view(command.code)), reply = std::move(reply)] {
        const bool confirms = !code->empty();
        const auto text = confirms ? enrolment->confirm(code->view()) : enrolment->begin();
        if (!text) return reply("Sallyport: " + text.message() + ".", false);
        reply(*text, true);
        if (!confirms) return;
        // Where codes were replaced, logins by the old ones end, this one too: after its answer.
        if (auto loaded = services.policy.reload(services.store)) end_what_is_barred(services, user);
      });
}

}  // namespace sallyport::broker
