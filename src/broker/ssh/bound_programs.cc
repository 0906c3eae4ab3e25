// SPDX-License-Identifier: Apache-2.0
// The bound of an approval, applied.
#include "broker/ssh/bound_programs.h"

#include "event/ssh.pb.h"

namespace sallyport::broker {

void BoundPrograms::note(const event::Request& request) {
  if (bound_.playbook.empty() || request.env().name() != policy::kPlaybookVariable) return;
  if (request.env().value() == bound_.playbook) {
    stated_.insert(request.channel());
  } else {
    stated_.erase(request.channel());
  }
}

std::string BoundPrograms::refusal(const event::Request& request) const {
  if (!bound_.playbook.empty() && !stated_.contains(request.channel())) {
    return "the approval is for one playbook, and this client does not name it: ssh -o SetEnv=" +
           std::string(policy::kPlaybookVariable) + "=HASH";
  }
  if (bound_.commands.empty()) return {};
  const bool may = request.what_case() == event::Request::kExec && policy::may_run(bound_, request.exec().command());
  return may ? "" : "the approval is for certain commands, and this is none of them";
}

}  // namespace sallyport::broker
