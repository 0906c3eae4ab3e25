// SPDX-License-Identifier: Apache-2.0
// Verdicts and requests, by sequence number.
#include "event/verdict_match.h"

#include "event/event.pb.h"

namespace sallyport::event {

bool starts_program(const Event& event) {
  return event.has_request() &&
         (event.request().has_shell() || event.request().has_exec() || event.request().has_subsystem());
}

std::optional<std::uint64_t> VerdictMatch::see(std::uint64_t sequence, const Event& event) {
  if (starts_program(event)) channels_[sequence] = event.request().channel();
  if (!event.has_verdict() || event.verdict().subject() != "request") return std::nullopt;
  const Verdict& verdict = event.verdict();
  // Records of older versions name neither entry nor channel. They hold denials alone, each behind what it denies.
  const bool older = verdict.sequence() == 0 && verdict.verdict() == "deny" && sequence > 0;
  const auto found = channels_.find(older ? sequence - 1 : verdict.sequence());
  if (found == channels_.end() || (!older && found->second != verdict.channel())) return std::nullopt;
  const std::uint64_t judged = found->first;
  channels_.erase(found);
  return judged;
}

}  // namespace sallyport::event
