// SPDX-License-Identifier: Apache-2.0
// How zygotes and workers end: statuses that whoever started them can tell apart.
#pragma once

namespace sallyport::ipc {

inline constexpr int kExitUsage = 2;        ///< started by hand
inline constexpr int kExitSandbox = 70;     ///< a sandbox step failed (its name, errno and remedy were printed)
inline constexpr int kExitBrokerGone = 71;  ///< the broker closed the connection
inline constexpr int kExitProtocol = 72;    ///< the broker's messages made no sense, or our queue overflowed
inline constexpr int kExitAborted = 134;    ///< an assertion or an uncaught exception of our own

}  // namespace sallyport::ipc
