// SPDX-License-Identifier: Apache-2.0
// The coverage manifest: what was recorded how, channel by channel, in the room that there is. Trusted side; pure.
#pragma once

#include <cstddef>

#include "broker/session/channel_book.h"
#include "broker/session/rules.h"

namespace sallyport::event {
class SessionEnd;
}

namespace sallyport::broker {

/// Adds the lines for a session's channels to end, which then takes at most max_bytes as a message (and at least what
/// it took before, and one line for each kind of coverage and of refused channel). Refused channels are counted, one
/// line for each type that this version knows and one for all others: nothing bounds how many a user asks for. Lines
/// for which there is no room are added up by kind of coverage, and the manifest says that it is shortened.
void describe_coverage(const ChannelBook& book, const Rules& rules, bool hashed, std::size_t max_bytes,
                       event::SessionEnd& end);

}  // namespace sallyport::broker
