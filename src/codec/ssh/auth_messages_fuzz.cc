// SPDX-License-Identifier: Apache-2.0
// Fuzzes the authentication messages: what decodes encodes to the same bytes, except for freedoms of the protocol.
#include <cstdlib>

#include "codec/ssh/auth_messages.h"

namespace {

using namespace sallyport::base;
using namespace sallyport::codec::ssh;

ByteView as_view(const Bytes& b) {
  return b;
}
ByteView as_view(const SecretBytes& b) {
  return b.view();
}

/// Same length always; same bytes once the freedom of booleans (any non-zero byte is true) is used up.
template <class Decode>
void there_and_back(ByteView payload, Decode decode) {
  auto once = decode(payload);
  if (!once) return;
  const auto first = encode(*once);
  if (as_view(first).size() != payload.size()) std::abort();
  auto twice = decode(as_view(first));
  if (!twice) std::abort();
  const auto second = encode(*twice);
  if (!equal_constant_time(as_view(first), as_view(second))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView payload(data, size);
  there_and_back(payload, decode_service_request);
  there_and_back(payload, decode_service_accept);
  there_and_back(payload, decode_userauth_request);
  there_and_back(payload, decode_userauth_failure);
  there_and_back(payload, decode_userauth_success);
  there_and_back(payload, decode_userauth_banner);
  there_and_back(payload, decode_userauth_pk_ok);
  there_and_back(payload, decode_userauth_passwd_changereq);
  there_and_back(payload, decode_userauth_info_request);
  there_and_back(payload, decode_userauth_info_response);
  return 0;
}
