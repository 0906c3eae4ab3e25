// SPDX-License-Identifier: Apache-2.0
// Comparing a user with what stood there before.
#include "broker/access/declared.h"

#include <algorithm>

namespace sallyport::broker {

store::Renewal renewal_of(const policy::User& before, const policy::User& after) {
  if (before.disabled != after.disabled || before.type != after.type) return store::Renewal::life;
  const bool all_kept = std::all_of(before.public_keys.begin(), before.public_keys.end(), [&](const std::string& line) {
    return std::find(after.public_keys.begin(), after.public_keys.end(), line) != after.public_keys.end();
  });
  return all_kept ? store::Renewal::none : store::Renewal::proofs;
}

base::Result<store::ResourceRow> put_declared(store::Store& store, const policy::Resource& resource,
                                              base::Micros now_us, const std::string& author) {
  const std::string kind = policy::to_string(policy::kind_of(resource));
  const std::string name = policy::name_of(resource);
  store::Renewal renewal = store::Renewal::none;
  if (const auto* after = std::get_if<policy::User>(&resource)) {
    auto row = store.get_resource(kind, name);
    if (!row && row.error().code != base::Errc::not_found) return row;
    if (row) {
      // What cannot be compared is another.
      const auto old = policy::parse_resource(row->json);
      const auto* before = old ? std::get_if<policy::User>(&*old) : nullptr;
      renewal = before != nullptr ? renewal_of(*before, *after) : store::Renewal::life;
    }
  }
  return store.put_resource(kind, name, policy::to_json(resource), now_us, renewal, author);
}

}  // namespace sallyport::broker
