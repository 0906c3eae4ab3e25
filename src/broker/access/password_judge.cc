// SPDX-License-Identifier: Apache-2.0
// Passwords against the store, on the hashing thread.
#include "broker/access/password_judge.h"

#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "identity/user_credentials.h"

namespace sallyport::broker {

namespace {

using Judged = PasswordCheck::Judged;
using Verdict = PasswordCheck::Verdict;

// On the hashing thread, which has idle priority: it waits for the store's thread, because on a busy machine it would
// keep everybody waiting for whatever lock it holds.
Judged judge_password(const StoredPasswords::Wiring& wiring, const std::string& user, base::ByteView password) {
  struct Held {
    std::optional<std::string> hash;
    std::optional<store::Incarnation> incarnation;  // of a user who may log in by password
  };
  // Together: the thread on which users and passwords change, and the policy with them.
  std::promise<Held> found;
  wiring.store_thread.post([&] {
    auto hash = identity::password_hash(wiring.store, user);
    const auto state = wiring.policy.current();
    found.set_value(
        {hash ? std::move(*hash) : std::nullopt, state->is_service(user) ? std::nullopt : state->incarnation_of(user)});
  });
  const Held held = found.get_future().get();
  const auto usability = held.incarnation ? identity::UserState::enabled : identity::UserState::refused;
  const auto check = identity::check_password(wiring.passwords, held.hash, usability, password);
  if (!check.renewed.empty()) {
    wiring.store_thread.post([wiring, user, checked = *held.hash, renewed = check.renewed] {
      auto done = identity::renew_password(wiring.store, user, checked, renewed, wiring.clock.now_us());
      if (!done) base::log_warning("the password hash of " + user + " is not renewed: " + done.message());
    });
  }
  if (!check.right || !held.incarnation) return {};
  return {Verdict::right, *held.incarnation};
}

}  // namespace

// What an unknown or a locked user's password costs is what a known one's does. Of one who has left, it costs nothing.
void StoredPasswords::judge(Question question) {
  auto secret = std::make_shared<base::SecretBytes>(question.password);
  const auto judge = [wiring = wiring_, user = std::move(question.user), secret, wanted = std::move(question.wanted),
                      done = question.done] {
    if (!wanted()) return GuessQueue::Outcome::not_judged;
    const Judged judged = judge_password(wiring, user, secret->view());
    secret->clear();  // before others go on: this thread runs when nobody else wants to
    done(judged);
    return judged.verdict == Verdict::right ? GuessQueue::Outcome::right : GuessQueue::Outcome::wrong;
  };
  wiring_.guesses.add(question.source, {judge, [done = question.done] { done({Verdict::not_judged, {}}); }});
}

}  // namespace sallyport::broker
