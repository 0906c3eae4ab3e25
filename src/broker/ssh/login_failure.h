// SPDX-License-Identifier: Apache-2.0
// What the user is told when an SSH target was reached and cannot be logged in to: one sentence for each kind, because
// each has another remedy. Trusted side; pure. It names the target as the user does, never by its address.
#pragma once

#include <string>

namespace sallyport::ipc {
enum PeerFault : int;
}

namespace sallyport::broker {

/// The connection ended before the login did. said: the target's own words, escaped.
std::string target_fault_text(const std::string& target, ipc::PeerFault fault, const std::string& said);

/// How far a login had come when its time was over.
enum class LoginStage { handshake, authentication };
std::string login_timeout_text(const std::string& target, LoginStage stage);

}  // namespace sallyport::broker
