// SPDX-License-Identifier: Apache-2.0
// What connections and sessions need beside the shared services. Trusted side; owned by the node, which outlives them.
#pragma once

#include <memory>
#include <string>

#include "broker/intake/admission.h"
#include "broker/node/descriptor_budget.h"
#include "broker/node/services.h"
#include "broker/node/zygotes.h"
#include "broker/record/record_keeper.h"
#include "broker/ssh/host_identity.h"

namespace sallyport::broker {

/// How the gateway names itself on both legs (RFC 4253 §4.2), without CR LF.
/// What the gateway calls itself to targets; to users, ssh.identification says.
inline constexpr const char* ssh_version = "SSH-2.0-Sallyport";

struct Gateway {
  Services& services;
  RecordThreadState& record_state;
  std::shared_ptr<const recording::Signer> signer;
  Zygotes& fronts;
  Zygotes& backs;
  Admission& strangers;                          ///< connections that are not logged in yet
  Admission& users;                              ///< connections that are logged in
  DescriptorBudget& descriptors;                 ///< theirs and their sessions'
  std::size_t descriptors_kept;                  ///< which sessions leave: so that users can log in and hear why
  std::shared_ptr<const HostIdentity> identity;  ///< the listener's
};

}  // namespace sallyport::broker
