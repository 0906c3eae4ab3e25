// SPDX-License-Identifier: Apache-2.0
// Whatever is accepted as a resource must come back equal from its canonical JSON.
#include <cstdlib>

#include "base/bytes.h"
#include "policy/resource.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const auto first = policy::parse_resource(base::text({data, size}));
  if (!first) return 0;
  const std::string canonical = policy::to_json(*first);
  const auto second = policy::parse_resource(canonical);
  if (!second || !(*first == *second) || policy::to_json(*second) != canonical) std::abort();
  return 0;
}
