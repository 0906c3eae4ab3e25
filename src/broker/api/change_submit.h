// SPDX-License-Identifier: Apache-2.0
// Where an administrator's change goes: into force at once, or to a second administrator. Trusted side. Every operation
// that changes resources, passwords or secrets comes through here.
#pragma once

#include <string>
#include <vector>

#include "broker/api/change_steps.h"
#include "broker/api/exchange.h"
#include "broker/api/wish.h"

namespace sallyport::broker::api {

/// Changes that may wait at a time, of one author and in all.
inline constexpr std::size_t kMostWaitingOfOne = 50;
inline constexpr std::size_t kMostWaitingChanges = 200;

/// Who the caller is, as one of two administrators: everybody who is root of the machine, or the account that runs the
/// gateway, is one person.
std::string person_of(const Caller& caller);

struct Submitted {
  std::vector<std::string> rows = {};             ///< what each step did, or would do
  std::size_t ended = 0;                          ///< sessions
  std::string waits = {};                         ///< id of the change that waits; empty: nothing does
  std::string emergency = {};                     ///< id of the change that is to be reviewed
  std::pair<std::string, std::string> news = {};  ///< type of the event and the change as JSON, for whoever is told
  std::vector<std::string> needs = {};            ///< areas for which a second administrator is needed
};

/// On the store's thread. Errors: those of run_steps(); denied (an emergency that is none of root's), full.
base::Result<Submitted> submit(const Exchange& exchange, std::vector<Step> steps, const Wish& wish, Depth depth);

/// The answer of an operation with one step: what the step did, or that it waits.
Answer answer_of(const Submitted& submitted);

/// Refuses what an administrator may not do alone and cannot wait either. Errors: denied.
base::Status check_alone(const Exchange& exchange, policy::ChangeArea area, const std::string& instead);

}  // namespace sallyport::broker::api
