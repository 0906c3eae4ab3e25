// SPDX-License-Identifier: Apache-2.0
// Codes take turns with passwords, so that one share bounds all guesses of a source.
#include "broker/access/invitation_desk.h"

#include <future>
#include <utility>

#include "base/log.h"

namespace sallyport::broker {

namespace {

using Judged = InvitationDesk::Judged;
using Verdict = Judged::Verdict;

struct Asked {
  std::string source;
  base::SecretBytes code, password;
  InvitationProof proof;
};

Judged failed(const base::Error& error) {
  if (error.code == base::Errc::denied) return {Verdict::wrong};
  base::log_warning("an invitation cannot be taken up: " + error.message);
  return {};
}

// On the store's thread.
Judged decide(Services& services, const Asked& asked) {
  const auto code = identity::read_invitation_code(asked.code.view());
  if (!code) return {Verdict::wrong};
  if (asked.proof.shown.empty()) {
    const base::Status right = check_invitation(services, *code);
    return right ? Judged{Verdict::right} : failed(right.error());
  }
  const auto user = take_up_invitation(services, *code, asked.proof, asked.source);
  if (!user) return failed(user.error());
  const auto incarnation = services.policy.current()->incarnation_of(*user);
  return incarnation ? Judged{Verdict::right, *user, *incarnation} : Judged{Verdict::wrong};
}

}  // namespace

void StoredInvitations::judge(Question question) {
  auto asked = std::make_shared<Asked>();
  asked->source = std::move(question.source);
  asked->code = base::SecretBytes(question.code);
  asked->password = base::SecretBytes(question.password);
  asked->proof.key_line = std::move(question.key_line);
  asked->proof.shown = std::move(question.key_fingerprint);
  const auto judge = [&services = services_, asked, wanted = std::move(question.wanted), done = question.done] {
    if (!wanted()) return GuessQueue::Outcome::not_judged;
    if (!asked->password.empty()) {
      auto hash = services.passwords.hash(asked->password.view());
      asked->password.clear();
      if (hash) {
        asked->proof.password_hash = std::move(*hash);
        asked->proof.shown = "password";
      }
      if (!hash) done({});
      if (!hash) return GuessQueue::Outcome::not_judged;
    }
    // It waits for the store's thread: see StoredPasswords.
    std::promise<Judged> found;
    services.store_thread.post([&] { found.set_value(decide(services, *asked)); });
    const Judged judged = found.get_future().get();
    asked->code.clear();
    done(judged);
    if (judged.verdict == Verdict::wrong) return GuessQueue::Outcome::wrong;
    return judged.verdict == Verdict::right ? GuessQueue::Outcome::right : GuessQueue::Outcome::not_judged;
  };
  services_.guesses.add(question.source_share, {judge, [done = question.done] { done({}); }});
}

}  // namespace sallyport::broker
