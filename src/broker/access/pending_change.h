// SPDX-License-Identifier: Apache-2.0
// A change that a second administrator decides: its steps as the store keeps them, and who may do what with it. Trusted
// side, pure. The secret of a step never stands in its text: the vault seals it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/requirements.h"
#include "policy/snapshot.h"
#include "store/rows.h"

namespace sallyport::broker {

struct ChangeStep {
  enum class What : std::uint8_t { put, remove, add_key, password, secret, remove_totp };
  What what = What::put;
  std::string kind = {};
  std::string name = {};
  std::string text = {};  ///< put: the resource's JSON; add_key: the key's line
  std::int64_t seen = 0;  ///< the version of the resource that the author saw; 0: there was none
  bool operator==(const ChangeStep&) const = default;
};

/// Whether the step has a secret, which the vault keeps while the change waits.
bool has_secret(const ChangeStep& step);
std::string text_of(const std::vector<ChangeStep>& steps);
/// Errors: corrupt. A step that is not understood is not left out.
base::Result<std::vector<ChangeStep>> steps_in(const std::string& text);

enum class ChangeState : std::uint8_t { waiting, applied, denied, cancelled, stale, expired };
/// "waiting", "applied", …
const char* to_string(ChangeState state);
/// Errors: invalid, listing the states there are.
base::Result<ChangeState> change_state_from(std::string_view word);
/// A change whose time is over has expired, whatever its row says. Errors: corrupt.
base::Result<ChangeState> state_at(const store::ChangeRow& change, base::Micros now_us);

/// Whether the person is an administrator now.
bool is_administrator(const policy::Snapshot& resources, std::string_view person);

/// Approves or denies: anybody but its author, while it waits. Errors: denied, invalid, corrupt.
base::Status may_decide(const store::ChangeRow& change, std::string_view person, base::Micros now_us);
/// Takes it back: its author alone. Errors: denied, invalid, corrupt.
base::Status may_cancel(const store::ChangeRow& change, std::string_view person, base::Micros now_us);
/// Signs off an emergency: anybody but its author, once. Errors: denied, invalid.
base::Status may_review(const store::ChangeRow& change, std::string_view person);

}  // namespace sallyport::broker
