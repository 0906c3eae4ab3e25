// SPDX-License-Identifier: Apache-2.0
// The portal's part of sallyport.yaml. Trusted side; pure.
#pragma once

#include "config/config.h"
#include "config/config_reader.h"

namespace sallyport::config {

void read_portal(MapReader portal, Portal& out);

}  // namespace sallyport::config
