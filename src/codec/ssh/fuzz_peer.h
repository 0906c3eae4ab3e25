// SPDX-License-Identifier: Apache-2.0
// For fuzzers only: bytes of the fuzzer cut into choices, and the broker's answers to a transport's demands.
#pragma once

#include <algorithm>
#include <cstring>

#include "codec/ssh/transport.h"
#include "keys/exchange_hash.h"

namespace sallyport::codec::ssh::testing {

/// Reads choices from the front of the input; zeros when it is used up.
class Choices {
 public:
  explicit Choices(base::ByteView data) : data_(data) {}
  bool empty() const { return data_.empty(); }
  std::uint8_t byte() {
    if (data_.empty()) return 0;
    const std::uint8_t b = data_[0];
    data_ = data_.subspan(1);
    return b;
  }
  std::size_t number(std::size_t below) { return (std::size_t{byte()} << 8 | byte()) % below; }
  base::ByteView bytes(std::size_t n) {
    const auto out = data_.first(std::min(n, data_.size()));
    data_ = data_.subspan(out.size());
    return out;
  }
  base::ByteView rest() { return bytes(data_.size()); }

 private:
  base::ByteView data_;
};

/// Copies what fits; false when the transport takes no more.
inline bool feed(Transport& t, base::ByteView bytes) {
  while (!bytes.empty()) {
    const auto room = t.in_space();
    const std::size_t n = std::min(room.size(), bytes.size());
    if (n == 0) return false;
    std::memcpy(room.data(), bytes.data(), n);
    t.in_commit(n);
    bytes = bytes.subspan(n);
  }
  return true;
}

/// Answers a demand with a right H and some key and signature.
inline void answer(Transport& t, EventKind kind) {
  const base::Bytes host_key(51, 1), signature(83, 2);
  const KexEvidence& e = t.kex_evidence();
  auto h = keys::exchange_hash({e.method, base::view(e.client_version), base::view(e.server_version), e.client_kexinit,
                                e.server_kexinit, e.host_key.empty() ? base::ByteView(host_key) : e.host_key,
                                e.client_public, e.server_public, e.shared_secret.view()});
  if (!h) {
    t.refuse_host();
  } else if (kind == EventKind::need_host_signature) {
    (void)t.answer_host_signature(host_key, *h, signature);
  } else {
    (void)t.answer_host_check(*h);
  }
}

}  // namespace sallyport::codec::ssh::testing
