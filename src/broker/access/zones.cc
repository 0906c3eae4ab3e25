// SPDX-License-Identifier: Apache-2.0
// Reading zones.
#include "broker/access/zones.h"

#include "base/fd.h"
#include "base/log.h"

namespace sallyport::broker {

base::Result<policy::Zone> read_zone(const std::string& name, const std::string& folder) {
  if (!policy::is_zone_name(name)) return base::fail(base::Errc::invalid, "that is no name of a time zone");
  const auto bytes = base::read_file(folder + "/" + name, policy::kMaxZoneBytes);
  if (!bytes) return base::fail(base::Errc::invalid, "the time zone " + name + " cannot be read: " + bytes.message());
  auto zone = policy::Zone::from_tzif(*bytes);
  if (!zone) return base::fail(base::Errc::invalid, "the time zone " + name + ": " + zone.message());
  return zone;
}

void read_zones(policy::Snapshot& snapshot, const std::string& folder) {
  for (const auto& [unused, policy] : snapshot.policies) {
    const std::string& name = policy.when.zone;
    if (name.empty() || snapshot.zones.contains(name)) continue;
    auto zone = read_zone(name, folder);
    if (zone) {
      snapshot.zones.emplace(name, std::move(*zone));
    } else {
      base::log_error("policies that hold at times of this zone allow nothing: " + zone.message());
    }
  }
}

}  // namespace sallyport::broker
