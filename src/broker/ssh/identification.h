// SPDX-License-Identifier: Apache-2.0
// How the gateway names itself to targets (RFC 4253 §4.2), without CR LF. To users, ssh.identification says.
#pragma once

namespace sallyport::broker {

inline constexpr const char* kSshVersion = "SSH-2.0-Sallyport";

}  // namespace sallyport::broker
