// SPDX-License-Identifier: Apache-2.0
// What an SSH session is made of.
#include "broker/ssh/ssh_protocol.h"

#include "broker/ssh/ssh_back.h"
#include "broker/ssh/ssh_rules.h"

namespace sallyport::broker {

Protocol ssh_protocol(Zygotes& backs) {
  return {backs, UrgentData::set_aside,
          [](const policy::Grant& grant, const config::Limits& limits) {
            return std::make_unique<SshRules>(grant.permissions, limits.max_channels, grant.proof, grant.bound);
          },
          [](BackWiring wiring) { return std::make_unique<SshBack>(std::move(wiring)); }};
}

}  // namespace sallyport::broker
