// SPDX-License-Identifier: Apache-2.0
// Verbs of the contract that this version does not carry out: they say so, so that a script sees a failure with a
// reason and not a wrong command line.
#include <memory>

#include "cli/verbs.h"

namespace sallyport::cli {

void add_later_verb(Command group, const std::string& name, const std::string& description, const std::string& what) {
  auto words = std::make_shared<std::vector<std::string>>();
  Command verb = group.verb(name, description + " (not in this version)", {});
  verb.positionals("ARGUMENT", *words, "Arguments of the later version", Presence::optional)
      .run([words, what](Context&) {
        return base::Result<int>(base::fail(base::Errc::unsupported, "not in this version: " + what));
      });
}

}  // namespace sallyport::cli
