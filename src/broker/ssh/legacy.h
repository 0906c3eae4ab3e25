// SPDX-License-Identifier: Apache-2.0
// Algorithms for old peers: which of them a key exchange came to, and whether its peer may use them. Trusted side.
// What is not named for a peer is refused here too, whatever its worker offered.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "policy/legacy.h"

namespace sallyport::ipc {
class Algorithms;
class KexInputs;
}  // namespace sallyport::ipc

namespace sallyport::broker {

/// The names of one kind among the allowed ones, the least bad first.
std::vector<std::string> legacy_of(policy::AlgorithmKind kind, const std::vector<std::string>& allowed);

/// Appends them to what is offered anyway.
void offer_legacy(const std::vector<std::string>& allowed, ipc::Algorithms& out);

/// The names of the table that this exchange came to. The method and the host key's algorithm are what the broker
/// computes with; of ciphers and MACs it has the worker's word. Errors: denied (one that is not allowed).
base::Result<std::vector<std::string>> legacy_in(const ipc::KexInputs& inputs, const std::vector<std::string>& allowed);

}  // namespace sallyport::broker
