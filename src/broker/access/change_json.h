// SPDX-License-Identifier: Apache-2.0
// A change as others read it: field names are a contract, see docs/cli.md. Trusted side, pure. It shows no secret.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "broker/access/pending_change.h"
#include "store/rows.h"

namespace sallyport::broker {

/// What a step does, in a word: "update".
std::string word_of(const ChangeStep& step);

/// A JSON object. Errors: corrupt.
base::Result<std::string> change_json(const store::ChangeRow& change, base::Micros now_us);

}  // namespace sallyport::broker
