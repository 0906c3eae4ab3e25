// SPDX-License-Identifier: Apache-2.0
// Judgements as events.
#include "broker/session/verdict.h"

namespace sallyport::broker {

using event::Event;

namespace {

struct Subject {
  const char* kind = "";
  std::uint32_t channel = 0;
};

Subject subject_of(const Event& judged) {
  switch (judged.kind_case()) {
    case Event::kChannelOpen:
      return {"channel", judged.channel_open().channel()};
    case Event::kGlobalRequest:
      return {"global-request", 0};
    case Event::kData:
      return {"data", judged.data().channel()};
    default:
      return {"request", judged.request().channel()};
  }
}

Event about(const Event& judged, std::uint64_t sequence) {
  Event out;
  event::Verdict& verdict = *out.mutable_verdict();
  const Subject subject = subject_of(judged);
  verdict.set_channel(subject.channel);
  verdict.set_sequence(sequence);
  verdict.set_subject(subject.kind);
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
