// SPDX-License-Identifier: Apache-2.0
// What a login has shown, as the requirements of a policy ask for it. Trusted side; pure. Each kind of proof that the
// broker learns to check is filled in here; what stands in no proof is refused.
#pragma once

#include "broker/access/identity.h"
#include "policy/requirements.h"

namespace sallyport::broker {

inline policy::Proofs proofs_of(const Identity& identity) {
  policy::Proofs out;
  out.user = identity.user;
  return out;
}

}  // namespace sallyport::broker
