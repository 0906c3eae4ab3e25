// SPDX-License-Identifier: Apache-2.0
// The parts of sallyport.yaml about people: how users log in, which changes need two administrators, who is told of
// what waits. Trusted side.
#pragma once

#include "config/config.h"
#include "config/config_reader.h"

namespace sallyport::config {

void read_auth(MapReader auth, Auth& out);
void read_changes(MapReader changes, Changes& out);
void read_notify(MapReader notify, Notify& out);

}  // namespace sallyport::config
