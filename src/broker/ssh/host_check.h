// SPDX-License-Identifier: Apache-2.0
// Whether a target is who the inventory says: its host key or its host authority, and its signature over an exchange
// hash that was computed here. Trusted side; pure. No credential is used before it says yes.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "keys/public_key.h"
#include "policy/resource.h"

namespace sallyport::ipc {
class HostProof;
}

namespace sallyport::broker {

/// A target that proved itself.
struct ProvenHost {
  base::Bytes exchange_hash;
  base::Bytes host_key;             ///< K_S
  std::string fingerprint;          ///< of the key, or of the certificate's key with its authority
  std::string software;             ///< V_S, foreign text
  std::vector<std::string> legacy;  ///< what the exchange came to of the target's `legacy`
};

/// Errors: denied (the key is not this target's: the message names the offered fingerprint and what to do), invalid
/// (the key exchange or the signature does not hold).
base::Result<ProvenHost> check_host(const policy::Target& target, const ipc::HostProof& proof,
                                    const std::string& client_version, base::Micros now_us);

/// A key whose holder signed this key exchange, whoever that is: nothing is said of whose key it should be.
struct ProvenKey {
  keys::PublicKey key;
  std::string software;  ///< V_S, foreign text
};

/// For keys that nobody has pinned yet. Errors: invalid, unsupported (a certificate, another type).
base::Result<ProvenKey> prove_host_key(const ipc::HostProof& proof, const std::string& client_version);

/// What to ask the target for, best first: only what can be checked; everything when nothing is on record, so that the
/// refusal can name the offered key.
std::vector<std::string> host_key_algorithms(const policy::Target& target);

}  // namespace sallyport::broker
