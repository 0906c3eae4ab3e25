// SPDX-License-Identifier: Apache-2.0
// A key exchange's inputs as the broker takes them. Untrusted side: the broker fills in what it knows better itself.
#pragma once

#include "codec/ssh/transport.h"

namespace sallyport::ipc {
class KexInputs;
}

namespace sallyport::leg::ssh {

/// out holds the shared secret afterwards: send it as a secret, then wipe().
void to_message(const codec::ssh::KexEvidence& evidence, ipc::KexInputs& out);
void wipe(ipc::KexInputs& inputs);
/// Overwrites a string that held a secret.
void wipe(std::string& secret);

}  // namespace sallyport::leg::ssh
