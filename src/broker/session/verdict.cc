// SPDX-License-Identifier: Apache-2.0
// Judgements as events.
#include "broker/ssh/verdict.h"

namespace sallyport::broker {

using event::Event;

namespace {

std::uint32_t channel_of(const Event& judged) {
  if (judged.has_channel_open()) return judged.channel_open().channel();
  return judged.has_request() ? judged.request().channel() : 0;
}

Event about(const Event& judged, std::uint64_t sequence) {
  Event out;
  event::Verdict& verdict = *out.mutable_verdict();
  verdict.set_channel(channel_of(judged));
  verdict.set_sequence(sequence);
  verdict.set_subject(judged.has_channel_open()     ? "channel"
                      : judged.has_global_request() ? "global-request"
                                                    : "request");
  return out;
}

}  // namespace

Event denied(const Event& judged, std::uint64_t sequence, const Judgement& judgement) {
  Event out = about(judged, sequence);
  out.mutable_verdict()->set_name(judgement.name);
  out.mutable_verdict()->set_verdict("deny");
  out.mutable_verdict()->set_reason(judgement.reason);
  return out;
}

Event allowed(const Event& judged, std::uint64_t sequence) {
  Event out = about(judged, sequence);
  const event::Request& request = judged.request();
  out.mutable_verdict()->set_name(request.has_subsystem() ? request.subsystem().name()
                                  : request.has_exec()    ? "exec"
                                                          : "shell");
  out.mutable_verdict()->set_verdict("allow");
  return out;
}

}  // namespace sallyport::broker
