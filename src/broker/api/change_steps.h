// SPDX-License-Identifier: Apache-2.0
// The one way in which resources, passwords and secrets change: steps that are carried out together or not at all, each
// with its audit event. Trusted side; all of it runs on the store's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "broker/access/pending_change.h"
#include "broker/node/services.h"
#include "policy/change_area.h"
#include "policy/differences.h"

namespace sallyport::broker::api {

struct Step {
  ChangeStep change;
  std::shared_ptr<base::SecretBytes> secret = {};       ///< password: the hash; secret: the account's
  std::optional<std::int64_t> expected = std::nullopt;  ///< version that the caller knows, if the caller says so
};

/// In whose name steps are carried out.
struct Authorship {
  std::string actor = {};   ///< who acts now
  std::string author = {};  ///< whose change it is, in the history of versions
  std::string change = {};  ///< id of the change that was approved; empty: none was needed
};

/// What to do with steps beside checking them.
enum class Depth : std::uint8_t { check, carry_out };

/// Inside a transaction. Says for each step what it does, as a JSON object. Errors: exists, not_found, invalid, denied
/// (a step does not fit what is stored), the store's and the vault's.
base::Result<std::vector<std::string>> run_steps(Services& services, const Authorship& by,
                                                 const std::vector<Step>& steps, Depth depth);

/// After the transaction: decisions see what has changed, and what it bars ends. Returns how many sessions ended.
base::Result<std::size_t> enforce_steps(Services& services, const std::string& actor, const std::vector<Step>& steps);

/// What the steps are about, compared with what is stored; fills in the version of each that is there now.
base::Result<policy::ChangeAreas> look_at(store::Store& store, std::vector<Step>& steps);

/// What a step changes of the version that its author saw, for whoever decides it. Shows no secret.
base::Result<std::vector<policy::Difference>> differences_of(store::Store& store, const ChangeStep& step);
/// The same as lines, for the audit log.
base::Result<std::string> differences_text(store::Store& store, const std::vector<ChangeStep>& steps);

}  // namespace sallyport::broker::api
