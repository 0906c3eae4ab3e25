// SPDX-License-Identifier: Apache-2.0
// What is printed must be what `apply` takes, resource by resource: for tests and fuzzers.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "cli/inventory/inventory.h"
#include "config/yaml.h"
#include "policy/resource.h"

namespace sallyport::cli::inventory {

/// The resources as the broker reads them. Aborts where it would refuse one, or one stands twice or not at all.
inline std::vector<policy::Resource> round_trip(const Inventory& inventory) {
  const auto yaml = to_resources(inventory, "the file");
  if (!yaml) {
    if (!inventory.hosts().empty() && yaml.error().code != base::Errc::full) std::abort();
    return {};
  }
  const auto documents = config::parse_yaml(*yaml, "out");
  if (!documents) std::abort();
  std::vector<policy::Resource> out;
  std::set<std::string> names;
  std::size_t targets = 0;
  for (const config::YamlNode& document : *documents) {
    auto resource = policy::parse_resource(config::to_json(document));
    if (!resource) std::abort();
    const policy::Kind kind = policy::kind_of(*resource);
    if (!names.insert(policy::to_string(kind) + ("/" + policy::name_of(*resource))).second) std::abort();
    if (kind == policy::Kind::target) ++targets;
    if (kind != policy::Kind::target && kind != policy::Kind::account) std::abort();
    out.push_back(std::move(*resource));
  }
  if (targets != inventory.hosts().size()) std::abort();
  return out;
}

}  // namespace sallyport::cli::inventory
