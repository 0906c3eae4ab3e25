// SPDX-License-Identifier: Apache-2.0
// What a session consists of. Its opening adds the parts one after the other; relay, control and end use them. Trusted
// side, on a session loop; plain values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/access/identity.h"
#include "broker/node/descriptor_budget.h"
#include "broker/record/session_record.h"
#include "broker/session/back_side.h"
#include "broker/session/front_side.h"
#include "broker/session/journal.h"
#include "broker/session/rules.h"
#include "broker/session/seats.h"
#include "broker/session/session_handle.h"
#include "policy/access_request.h"
#include "policy/address.h"
#include "policy/decide.h"
#include "policy/resource.h"

namespace sallyport::broker {

/// Who asks for a session, from where, and what for.
struct SessionFacts {
  Identity identity;
  policy::Destination destination;
  std::string source;  ///< "address:port"
  std::string source_host;
  std::string via;
  std::string client_software;
  std::vector<std::string> legacy;  ///< of the user's connection: algorithms for old clients
};

struct SessionParts {
  SessionParts(std::string session, SessionFacts known, FrontSide& user_side)
      : id(std::move(session)), facts(std::move(known)), front(&user_side) {}

  const std::string id;
  SessionFacts facts;  ///< Session::prove() alone adds to them, before the opening
  FrontSide* front;    ///< null once it is gone

  /// When the opening last asked what is proved, on the monotonic clock: a factor is as old as it was then, because
  /// what is open goes on.
  base::Micros checked_us = 0;
  /// The request under which it is opened, as it was approved; none where none was needed.
  std::optional<policy::AccessRequest> approval;

  // Once the policy has granted the session:
  policy::Grant grant;
  policy::Target target;
  policy::Account account;
  std::unique_ptr<Rules> rules;
  std::shared_ptr<SessionHandle> handle;
  std::unique_ptr<DescriptorBudget::Share> descriptors;
  std::unique_ptr<Seats::Seat> seat;

  // Once the record is made:
  std::unique_ptr<SessionRecord> record;
  std::optional<Journal> journal;

  // Once the target is connected; it stays when its worker has ended.
  std::unique_ptr<BackSide> back;
};

}  // namespace sallyport::broker
