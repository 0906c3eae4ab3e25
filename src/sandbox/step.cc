// SPDX-License-Identifier: Apache-2.0
// The text of a failure.
#include "sandbox/step.h"

#include <cstring>
#include <utility>

namespace sallyport::sandbox {

Failure failed(const std::string& call, int error, std::string remedy) {
  const char* name = ::strerrorname_np(error);
  const char* text = ::strerrordesc_np(error);
  return {call + ": " + (text != nullptr ? text : "unknown error") + " (" +
              (name != nullptr ? std::string(name) : std::to_string(error)) + ")",
          std::move(remedy)};
}

}  // namespace sallyport::sandbox
