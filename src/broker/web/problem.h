// SPDX-License-Identifier: Apache-2.0
// Why a request is not answered as its caller wanted: problem details (RFC 9457). Trusted side; pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::broker::web {

struct Problem {
  unsigned status = 500;
  std::string code = {};    ///< for programs: stays as it is
  std::string detail = {};  ///< for people: what is wrong and what to do
  unsigned retry_after = 0;
};

Problem problem_of(const base::Error& error);
/// {type, title, status, code, detail}
std::string to_json(const Problem& problem);

}  // namespace sallyport::broker::web
