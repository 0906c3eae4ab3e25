// SPDX-License-Identifier: Apache-2.0
// How much the body of a request to the portal may hold. The front refuses more; for the broker, a front that sends
// more is not one. Both sides of the trust line.
#pragma once

#include <cstddef>

namespace sallyport::ipc {

/// Lists and objects inside each other, the outermost one included.
constexpr std::size_t kMaxBodyDepth = 24;
/// Values of every kind, lists and objects included.
constexpr std::size_t kMaxBodyValues = 200'000;
/// Bytes of a member's name.
constexpr std::size_t kMaxBodyNameBytes = 1024;
/// Bytes of a text in one token; a longer text goes on in the next.
constexpr std::size_t kMaxBodyTextBytes = 16 * 1024;

}  // namespace sallyport::ipc
