// SPDX-License-Identifier: Apache-2.0
// Lists of the gateway, page after page until they end. Trusted side.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/admin_client.h"
#include "cli/context.h"

namespace sallyport::cli {

struct List {
  std::vector<std::string> items;     ///< JSON objects
  std::optional<std::int64_t> total;  ///< how many there are, where the gateway counts them
  bool more = false;                  ///< the limit left some out
};

/// The request of one page: what goes on at the cursor, so many at most.
using PageRequest = std::function<ipc::AdminRequest(const std::string& cursor, std::uint32_t limit)>;

/// limit: 0: all of it. Errors: full, when all of it is more than a command line should hold.
base::Result<List> ask_list(AdminClient& client, const PageRequest& page, std::uint32_t limit);

/// Whoever reads a table is told that it is not all.
void tell_of_more(const Context& context, const List& list);

}  // namespace sallyport::cli
