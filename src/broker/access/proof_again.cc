// SPDX-License-Identifier: Apache-2.0
// Questions to the judges, and their answers back on the loop.
#include "broker/access/proof_again.h"

#include <utility>

namespace sallyport::broker {

ProofAgain::ProofAgain(const PolicySource& policy, PasswordJudge& passwords, CodeJudge& codes, net::Loop& loop,
                       std::string source_share)
    : policy_(policy), passwords_(passwords), codes_(codes), loop_(loop), source_share_(std::move(source_share)) {}

ProofAgain::~ProofAgain() {
  *alive_ = false;
}

// A judge answers on any thread, when this may be gone: only the loop knows.
void ProofAgain::check_again(const std::string& user, base::ByteView given, std::function<void(const Judged&)> done) {
  auto finish = [this, &loop = loop_, alive = alive_, user, done = std::move(done)](const Judged& judged) {
    loop.post([this, alive, user, done, out = judged]() mutable {
      if (!*alive) return;
      if (out.verdict == Verdict::right && policy_.current()->is_enrolled(user)) out.verdict = Verdict::code_wanted;
      done(out);
    });
  };
  passwords_.judge({source_share_, user, given, [alive = alive_] { return alive->load(); }, std::move(finish)});
}

void ProofAgain::check_code(const std::string& user, base::ByteView given, std::function<void(const Judged&)> done) {
  using Code = CodeJudge::Judged::Verdict;
  auto finish = [&loop = loop_, alive = alive_, done = std::move(done)](const CodeJudge::Judged& judged) {
    Judged out{Verdict::wrong, {}, words_for(judged)};
    if (judged.verdict == Code::right) out.verdict = Verdict::right;
    if (judged.verdict == Code::not_judged) out.verdict = Verdict::not_judged;
    loop.post([alive, done, out] {
      if (*alive) done(out);
    });
  };
  codes_.judge({source_share_, user, given, [alive = alive_] { return alive->load(); }, std::move(finish)});
}

}  // namespace sallyport::broker
