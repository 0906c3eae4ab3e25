// SPDX-License-Identifier: Apache-2.0
// The one place that says who may do what with the gateway: a row for each operation. Trusted side; pure.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "broker/api/caller.h"
#include "broker/api/request.h"

namespace sallyport::broker::api {

/// How lately the caller must have proved who they are.
enum class Proof {
  any,    ///< whenever the caller's way to the gateway still holds it good
  fresh,  ///< within kFreshUs
};

inline constexpr base::Micros kFreshUs = 300'000'000;

struct Operation {
  std::string_view name = {};  ///< "session.control"
  Roles roles = {};            ///< any of them suffices; none: nobody may
  Roles own = {};              ///< any of them suffices for what is the caller's own: the handler looks at that
  Proof proof = Proof::fresh;
  unsigned weight = 1;  ///< of what it holds while it is under way, for whoever bounds how much one client may have
};

inline constexpr std::size_t kOperations = std::variant_size_v<Request>;

/// In the order of Request.
extern const std::array<Operation, kOperations> kOperationTable;

const Operation& operation_of(const Request& request);

/// Whether the operation is the caller's on whatever it concerns, and not on their own things alone.
bool reaches_everything(const Caller& caller, const Operation& operation);

/// Errors: denied, in words for the caller.
base::Status check_access(const Caller& caller, const Operation& operation);

}  // namespace sallyport::broker::api
