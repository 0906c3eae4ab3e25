// SPDX-License-Identifier: Apache-2.0
// What a Telnet session is made of.
#include "broker/telnet/telnet_protocol.h"

#include "broker/telnet/telnet_back.h"
#include "broker/telnet/telnet_rules.h"

namespace sallyport::broker {

// A Telnet target sends its DM as urgent data (RFC 854, "THE TELNET SYNCH"): set aside, it would be lost to the stream.
Protocol telnet_protocol(Zygotes& backs) {
  return {backs, UrgentData::in_line,
          [](const policy::Grant& grant, const config::Limits&) {
            return std::make_unique<TelnetRules>(grant.permissions);
          },
          [](BackWiring wiring) { return std::make_unique<TelnetBack>(std::move(wiring)); }};
}

}  // namespace sallyport::broker
