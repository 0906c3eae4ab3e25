// SPDX-License-Identifier: Apache-2.0
// Shows a live session: its screen where it has a terminal, else its events line by line. A contained child decodes
// what the session sent; nothing of that reaches the administrator's terminal but through the painter or escaped.
#pragma once

#include "cli/context.h"

namespace sallyport::cli {

enum class WatchView {
  screen,  ///< the terminal, as soon as there is one
  lines,   ///< every event as a line
};

/// Until the session ends, or the watcher has seen enough (q, Ctrl-C).
base::Result<int> watch(Context& context, AdminClient& client, const std::string& id, WatchView view);

}  // namespace sallyport::cli
