// SPDX-License-Identifier: Apache-2.0
// Identifiers of sessions and whatever else needs a name that sorts by time and cannot be guessed.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace sallyport::base {

/// 26 characters, lower-case Crockford base32: 48 bits of milliseconds, then 80 random bits (a ULID).
std::string make_id(Micros now_us, Random& random);

/// Whether a string has an identifier's form: safe as a file name.
bool is_id(std::string_view s);

}  // namespace sallyport::base
