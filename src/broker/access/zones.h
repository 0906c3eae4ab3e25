// SPDX-License-Identifier: Apache-2.0
// The time zones that policies name, from the system's database. Trusted side: it reads files of the system, named by
// an administrator, inside one folder.
#pragma once

#include <string>

#include "base/result.h"
#include "policy/decide.h"

namespace sallyport::broker {

inline constexpr const char* kZoneFolder = "/usr/share/zoneinfo";

/// Errors: invalid, saying what is wrong with the zone's file.
base::Result<policy::Zone> read_zone(const std::string& name, const std::string& folder = kZoneFolder);

/// Reads the zones of every policy into the snapshot. One that cannot be read is logged and left out: conditions that
/// need it are then not to be judged, and allow nothing.
void read_zones(policy::Snapshot& snapshot, const std::string& folder = kZoneFolder);

}  // namespace sallyport::broker
