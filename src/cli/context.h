// SPDX-License-Identifier: Apache-2.0
// What every verb shares: the global options and what follows from them. Trusted side.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/admin_client.h"
#include "config/config.h"

namespace sallyport::cli {

enum class Format { table, json };
enum class Colour { off, on };

struct Context {
  std::optional<std::string> config_path;
  Format format = Format::table;
  Colour colour = Colour::off;

  base::Result<config::Config> config() const { return config::load_config(config_path); }
  /// A connection to the gateway of the configuration. Errors say whether it runs and who may.
  base::Result<AdminClient> connect() const;
};

}  // namespace sallyport::cli
