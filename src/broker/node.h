// SPDX-License-Identifier: Apache-2.0
// One gateway node: owns everything and wires it together. Trusted side.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace sallyport::broker {

class Node {
 public:
  explicit Node(config::Config config);
  ~Node();

  /// Opens the store and the vault, seals what a crash left, starts the sandboxes, listens. Errors say what to do.
  /// libexec: the directory of the workers' programs.
  base::Status start(const std::string& libexec);
  /// One line of JSON with the real addresses.
  std::string ready_line() const;
  /// Serves until SIGTERM or SIGINT; then ends every session and returns.
  void run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sallyport::broker
