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

void add_request_verbs(Command root) {
  const std::string what = "approvals; a policy allows or denies at once";
  const Command request = root.group("request", "Requests for approval (not in this version)");
  add_later_verb(request, "list", "List requests that wait for approval", what);
  add_later_verb(request, "show", "Show a request", what);
  add_later_verb(request, "approve", "Approve a request", what);
  add_later_verb(request, "deny", "Deny a request", what);
}

}  // namespace sallyport::cli
