// SPDX-License-Identifier: Apache-2.0
// SSH's entry in the table of protocols. Trusted side.
#pragma once

#include "broker/session/protocol.h"

namespace sallyport::broker {

/// backs: the zygotes of sallyport-back-ssh, which outlive the entry.
Protocol ssh_protocol(Zygotes& backs);

}  // namespace sallyport::broker
