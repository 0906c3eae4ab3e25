// SPDX-License-Identifier: Apache-2.0
// What stays open. Everything else that a broker may have leaked into a zygote, or a zygote into a worker, is closed.
#pragma once

#include <span>

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// The broker's socket is descriptor 3 in zygotes and workers, a worker's peer is 4.
inline constexpr int kBrokerFd = 3;
inline constexpr int kPeerFd = 4;

/// Standard input and output become /dev/null (a worker's stray print must not reach anybody); standard error stays for
/// the moment, to say why a later step failed. Everything above last_kept is closed.
Step close_all_above(int last_kept);
/// Closes everything but these, which are sorted and not empty.
Step close_all_but(std::span<const int> kept);
Step silence_standard_streams();
/// Standard error too, once nothing is left to fail. Sanitizer builds keep it: their reports are the point of them.
Step silence_standard_error();

}  // namespace sallyport::sandbox
