// SPDX-License-Identifier: Apache-2.0
// What is typed where an invitation's code is asked for: what is read is shown and read again as the same.
#include <cstdlib>

#include "identity/invitation_code.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const auto code = identity::read_invitation_code({data, size});
  if (!code) return 0;
  const auto shown = identity::shown_invitation_code(code->lookup, code->secret.view());
  const auto again = identity::read_invitation_code(shown.view());
  if (!again || again->lookup != code->lookup || base::text(again->secret.view()) != base::text(code->secret.view())) {
    std::abort();
  }
  return 0;
}
