// SPDX-License-Identifier: Apache-2.0
// The signed end of the log: a head over the last event, signed as such (ledger::Says::ends), stored in the transaction
// that stores the event, and replaced with the next one. So no event is ever without the node's signature, and whoever
// changes the log of a stopped gateway has to leave an end that the node never signed, or an older one that it did: see
// docs/threat-model.md.
#pragma once

#include <optional>
#include <string>

#include "audit/log.h"

namespace sallyport::audit {

/// Of the node's log; empty: the store's own node. Errors: not_found; corrupt (what stands there is no head); those of
/// the store.
base::Result<Head> read_tip(store::Store& store, std::string_view node = {});
/// Inside the transaction that adds the event.
base::Status write_tip(store::Store& store, const Head& head);

/// A head as the table of heads has it, and back. Of a damaged row, what cannot be read is left empty.
store::AuditHeadRow row_of(const Head& head);
Head head_of(const store::AuditHeadRow& row);

/// How the store's log ends.
struct Ending {
  std::int64_t seq = 0;     ///< of the last event; 0: there is none
  std::string chain;        ///< of the last event, as it is stored
  std::optional<Head> tip;  ///< whose signature holds, though it may be for another end
  std::string problem;      ///< one sentence; empty when this is the end that the node signed
};

/// Of the store's own node. Looks at the last event, the tip and the last head: cheap, at every start. The whole log is
/// verify()'s. Errors: those of the store.
base::Result<Ending> look_at_ending(store::Store& store, base::ByteView public_key);

}  // namespace sallyport::audit
