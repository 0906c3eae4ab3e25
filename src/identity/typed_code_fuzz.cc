// SPDX-License-Identifier: Apache-2.0
// Fuzzes the reading of one-time codes: what is read reads the same again, and is of the form that its kind says.
#include <cstdlib>

#include "identity/typed_code.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sallyport::identity::TypedCode;
  const TypedCode first = sallyport::identity::read_code({data, size});
  const std::size_t wanted = first.kind == TypedCode::Kind::totp       ? sallyport::identity::kTotpDigits
                             : first.kind == TypedCode::Kind::recovery ? sallyport::identity::kRecoveryCodeChars
                                                                       : 0;
  if (first.code.size() != wanted) std::abort();
  if (first.kind == TypedCode::Kind::neither) return 0;
  const TypedCode second = sallyport::identity::read_code(first.code.view());
  if (second.kind != first.kind) std::abort();
  if (!sallyport::base::equal_constant_time(first.code.view(), second.code.view())) std::abort();
  return 0;
}
