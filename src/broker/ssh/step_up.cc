// SPDX-License-Identifier: Apache-2.0
// One question at a time.
#include "broker/ssh/step_up.h"

#include <utility>

namespace sallyport::broker {

namespace {
constexpr const char* kQuestion = " One-time code: ";
}  // namespace

StepUp::StepUp(CodeJudge& codes, UserAudit& audit, FrontSide& front, net::Loop& loop, Asker asker,
               std::function<void(Outcome)> done)
    : codes_(codes), audit_(audit), front_(front), loop_(loop), asker_(std::move(asker)), done_(std::move(done)) {}

StepUp::~StepUp() {
  *alive_ = false;
}

void StepUp::ask() {
  asked_ = true;
  front_.ask_password(std::string("Sallyport: this access needs a fresh code.") + kQuestion, Asked::first);
}

bool StepUp::answer(base::ByteView code) {
  if (!std::exchange(asked_, false)) return false;
  auto finish = [this, &loop = loop_, alive = alive_](const CodeJudge::Judged& judged) {
    loop.post([this, alive, judged] {
      if (*alive) this->judged(judged);
    });
  };
  // Whoever leaves meanwhile has used the code up: the answer goes nowhere.
  codes_.judge({asker_.source_share, asker_.user, code, [] { return true; }, std::move(finish)});
  return true;
}

void StepUp::judged(const CodeJudge::Judged& judged) {
  const auto done = done_;  // it may destroy this
  if (judged.verdict == CodeJudge::Judged::Verdict::right) {
    audit_.write({"auth.step-up", asker_.user, "", {{"method", judged.by}, {"source", asker_.source}}});
    front_.tell({"Sallyport: the code is right.", std::nullopt, Notice::Session::goes_on});
    return done(Outcome::proved);
  }
  audit_.write({"auth.failure",
                asker_.user,
                "",
                {{"method", "totp"}, {"source", asker_.source}, {"reason", reason_of(judged.verdict)}}});
  if (++failures_ >= asker_.tries) return done(Outcome::failed);
  asked_ = true;
  front_.ask_password("Sallyport: " + words_for(judged) + kQuestion, Asked::again);
}

}  // namespace sallyport::broker
