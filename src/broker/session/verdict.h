// SPDX-License-Identifier: Apache-2.0
// What the record says about a judged event: its channel, its entry, and the ruling. Trusted side; pure.
#pragma once

#include <cstdint>

#include "broker/session/judgement.h"
#include "event/event.pb.h"

namespace sallyport::broker {

/// sequence: of the judged event's entry in the record.
event::Event denied(const event::Event& judged, std::uint64_t sequence, const Judgement& judgement);
/// Of a request that starts a program, and is forwarded next.
event::Event allowed(const event::Event& judged, std::uint64_t sequence);

}  // namespace sallyport::broker
