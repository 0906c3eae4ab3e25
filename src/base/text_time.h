// SPDX-License-Identifier: Apache-2.0
// Times as people and JSON read them: RFC 3339, UTC; and lengths of time as people write them.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace sallyport::base {

/// 2026-03-01T12:00:00.123456Z; whole seconds print without a fraction.
std::string to_rfc3339(Micros us);
/// Accepts Z or a numeric offset and up to nine fraction digits.
Result<Micros> from_rfc3339(std::string_view s);

/// "90", "90s", "15m", "4h", "2d": one second to 366 days. Errors: invalid.
Result<std::int64_t> seconds_in(std::string_view length);

}  // namespace sallyport::base
