// SPDX-License-Identifier: Apache-2.0
// One transaction a change.
#include "broker/access/change_expiry.h"

#include "broker/access/change_json.h"
#include "broker/access/pending_change.h"

namespace sallyport::broker {

base::Status expire_changes(Services& services) {
  const char* waiting = to_string(ChangeState::waiting);
  const base::Micros now = services.clock.now_us();
  auto rows = services.store.list_changes({{waiting}, "", now, false, "", 1000, true});
  if (!rows) return base::pass(rows);
  for (store::ChangeRow& row : *rows) {
    row.state = to_string(ChangeState::expired);
    row.decided_us = now;
    const base::Status done = services.store.transaction([&]() -> base::Status {
      if (auto kept = services.store.update_change(row, waiting); !kept) return kept;
      if (auto gone = services.vault.forget_change(row.id); !gone) return gone;
      auto written = services.audit.log().append(
          {"change.expire", "sallyport", {}, {{"change", row.id}, {"author", row.author}, {"areas", row.areas}}});
      if (!written) return base::pass(written);
      return {};
    });
    // Another node was faster, or somebody decided it.
    if (!done && done.error().code != base::Errc::exists) return done;
    if (!done || !services.notices.listens()) continue;
    auto whole = services.store.get_change(row.id);
    if (!whole) continue;
    if (auto json = change_json(*whole, now)) services.notices.tell("change.expire", *json);
  }
  return {};
}

}  // namespace sallyport::broker
