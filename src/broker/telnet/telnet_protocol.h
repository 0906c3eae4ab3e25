// SPDX-License-Identifier: Apache-2.0
// Telnet's entry in the table of protocols. Trusted side.
#pragma once

#include "broker/session/protocol.h"

namespace sallyport::broker {

/// backs: the zygotes of sallyport-back-telnet, which outlive the entry.
Protocol telnet_protocol(Zygotes& backs);

}  // namespace sallyport::broker
