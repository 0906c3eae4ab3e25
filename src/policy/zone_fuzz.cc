// SPDX-License-Identifier: Apache-2.0
// The file of a zone is data of the system; a damaged one must be refused or read, and any moment has a wall time.
#include <cstdlib>

#include "policy/zone.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const auto zone = policy::Zone::from_tzif({data, size});
  (void)policy::ZoneRule::parse(base::text({data, size}));
  (void)policy::is_zone_name(base::text({data, size}));
  if (!zone) return 0;
  constexpr base::Micros kYearUs = 31'556'952'000'000;
  for (base::Micros year = -10'000; year <= 10'000; year += 97) {
    const policy::WallTime wall = zone->wall(year * kYearUs + 12'345'678'901);
    if (wall.weekday < 0 || wall.weekday > 6 || wall.minute < 0 || wall.minute > 1439) std::abort();
  }
  (void)zone->wall(INT64_MIN);
  (void)zone->wall(INT64_MAX);
  return 0;
}
