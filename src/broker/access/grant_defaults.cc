// SPDX-License-Identifier: Apache-2.0
// Bulk: from where on, and hashed or not.
#include "broker/access/grant_defaults.h"

namespace sallyport::broker {

void apply_node_defaults(policy::Grant& grant, const policy::Snapshot& resources, const config::Config& config) {
  bool says_after = false, says_hash = false;
  for (const std::string& name : grant.policies) {
    const auto found = resources.policies.find(name);
    if (found == resources.policies.end()) continue;
    says_after |= found->second.record.bulk_after_bytes.has_value();
    says_hash |= found->second.record.bulk_hash.has_value();
  }
  if (!says_after) grant.record.bulk_after_bytes = static_cast<std::int64_t>(config.recording.bulk_after_bytes);
  if (!says_hash) grant.record.bulk_hash = config.recording.bulk_hash;
}

}  // namespace sallyport::broker
