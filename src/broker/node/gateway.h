// SPDX-License-Identifier: Apache-2.0
// What connections and sessions need beside the shared services. Trusted side; owned by the node, which outlives them.
#pragma once

#include <cstddef>
#include <memory>

#include "broker/intake/admission.h"
#include "broker/node/descriptor_budget.h"
#include "broker/node/services.h"
#include "broker/record/record_keeper.h"
#include "broker/session/protocol.h"

namespace sallyport::broker {

struct Gateway {
  Services& services;
  RecordThreadState& record_state;
  std::shared_ptr<const recording::Signer> signer;
  const ProtocolTable& protocols;
  WorkerSource& inspectors;
  Admission& strangers;           ///< connections that are not logged in yet
  Admission& users;               ///< connections that are logged in
  DescriptorBudget& descriptors;  ///< theirs and their sessions'
  std::size_t descriptors_kept;   ///< which sessions leave: so that users can log in and hear why
};

}  // namespace sallyport::broker
