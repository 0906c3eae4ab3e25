// SPDX-License-Identifier: Apache-2.0
// Codes take turns with passwords, so that one share bounds all guesses of a source.
#include "broker/access/code_judge.h"

#include <future>
#include <memory>
#include <utility>

#include "base/log.h"

namespace sallyport::broker {

namespace {

using Judged = CodeJudge::Judged;
using Verdict = Judged::Verdict;

constexpr base::Micros kSecondUs = 1'000'000;

Judged judged_of(const identity::FactorAnswer& answer) {
  using Answer = identity::FactorAnswer::Verdict;
  switch (answer.verdict) {
    case Answer::right:
      return {Verdict::right, answer.by, 0};
    case Answer::wrong:
      return {Verdict::wrong, {}, answer.wait_us};
    case Answer::used:
      return {Verdict::used, {}, 0};
    case Answer::too_soon:
      return {Verdict::too_soon, {}, answer.wait_us};
    case Answer::not_enrolled:
      break;  // any more: the user has changed since
  }
  return {};
}

std::string wait_in_words(base::Micros wait_us) {
  const base::Micros seconds = (wait_us + kSecondUs - 1) / kSecondUs;
  if (seconds < 120) return std::to_string(seconds) + " seconds";
  return std::to_string((seconds + 59) / 60) + " minutes";
}

}  // namespace

std::string words_for(const Judged& judged) {
  const std::string waits =
      judged.wait_us > 0 ? "Too many codes were wrong: no code counts for " + wait_in_words(judged.wait_us) + "." : "";
  switch (judged.verdict) {
    case Verdict::right:
      return "";
    case Verdict::wrong:
      return waits.empty() ? "That code is not right." : "That code is not right. " + waits;
    case Verdict::used:
      return "That code, or a later one, was used already: wait for the next one.";
    case Verdict::too_soon:
      return waits;
    case Verdict::not_judged:
      break;
  }
  return "The gateway cannot check the code now. Try again.";
}

const char* reason_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::right:
      return "";
    case Verdict::wrong:
      return "wrong code";
    case Verdict::used:
      return "a code that was used already";
    case Verdict::too_soon:
      return "too many wrong codes of this user";
    case Verdict::not_judged:
      break;
  }
  return "the code could not be checked";
}

void StoredCodes::judge(Question question) {
  auto code = std::make_shared<base::SecretBytes>(question.code);
  const auto judge = [&factor = factor_, &store_thread = store_thread_, user = std::move(question.user), code,
                      wanted = std::move(question.wanted), done = question.done] {
    if (!wanted()) return GuessQueue::Outcome::not_judged;
    // It waits for the store's thread: see StoredPasswords.
    std::promise<Judged> found;
    store_thread.post([&] {
      const auto answer = factor.judge(user, code->view());
      if (!answer) base::log_warning("a code of " + user + " cannot be checked: " + answer.error().message);
      found.set_value(answer ? judged_of(*answer) : Judged{});
    });
    const Judged judged = found.get_future().get();
    code->clear();
    done(judged);
    if (judged.verdict == Verdict::wrong) return GuessQueue::Outcome::wrong;
    return judged.verdict == Verdict::right ? GuessQueue::Outcome::right : GuessQueue::Outcome::not_judged;
  };
  guesses_.add(question.source, {judge, [done = question.done] { done({}); }});
}

}  // namespace sallyport::broker
