// SPDX-License-Identifier: Apache-2.0
// Reading and checking resources.
#include "broker/api/documents.h"

#include "broker/access/zones.h"
#include "broker/record/record_recipients.h"
#include "keys/public_key.h"

namespace sallyport::broker::api {
namespace {

base::Status check_key_line(std::string_view line) {
  auto key = keys::PublicKey::parse_line(line);
  if (!key) return base::pass(key);
  return {};
}

// A policy with a zone that nobody can read would allow nothing.
base::Status check_zone(const policy::Resource& resource) {
  const auto* policy = std::get_if<policy::Policy>(&resource);
  if (policy == nullptr || policy->when.zone.empty()) return {};
  if (auto zone = read_zone(policy->when.zone); !zone) {
    return base::fail(zone.error().code, "policy '" + policy->name + "': key 'when': " + zone.message());
  }
  return {};
}

}  // namespace

base::Result<std::vector<policy::Resource>> parse_documents(const std::vector<ipc::ApplyItem>& items) {
  std::vector<policy::Resource> out;
  for (const ipc::ApplyItem& item : items) {
    const std::string where = "document " + std::to_string(out.size() + 1) + ": ";
    auto resource = policy::parse_resource(item.json(), check_key_line);
    if (!resource) return base::fail(resource.error().code, where + resource.message());
    if (auto good = check_zone(*resource); !good) return base::fail(good.error().code, where + good.message());
    if (const auto* recipient = std::get_if<policy::Recipient>(&*resource)) {
      if (auto usable = check_recipient(*recipient); !usable) return base::pass(usable);
    }
    out.push_back(std::move(*resource));
  }
  return out;
}

base::Result<policy::Snapshot> with_documents(const policy::Snapshot& resources,
                                              const std::vector<ipc::ApplyItem>& items) {
  auto parsed = parse_documents(items);
  if (!parsed) return base::pass(parsed);
  policy::Snapshot out = resources;
  for (policy::Resource& one : *parsed) out.put(std::move(one));
  read_zones(out);
  return out;
}

}  // namespace sallyport::broker::api
