// SPDX-License-Identifier: Apache-2.0
// How limits are worded. Trusted side; pure.
#include "broker/session/time_limit.h"

namespace sallyport::broker {

std::string spoken_duration(base::Micros length_us) {
  const std::int64_t seconds = std::max<std::int64_t>(1, length_us / 1'000'000);
  if (seconds >= 2 * 3600 && seconds % 3600 == 0) return std::to_string(seconds / 3600) + " h";
  if (seconds >= 2 * 60 && seconds % 60 == 0) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds) + " s";
}

}  // namespace sallyport::broker
