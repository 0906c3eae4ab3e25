// SPDX-License-Identifier: Apache-2.0
// zstd behind Result: one context per thread to compress, bounded decompression of foreign bytes.
#include "recording/compressor.h"

#include <zstd.h>

#include <new>
#include <string>

namespace sallyport::recording {

Compressor::Compressor(int level) : context_(ZSTD_createCCtx()), level_(level) {
  if (context_ == nullptr) throw std::bad_alloc();
}

Compressor::~Compressor() {
  ZSTD_freeCCtx(context_);
}

base::Status Compressor::compress(base::ByteView plain_text, base::Bytes& out) {
  out.resize(ZSTD_compressBound(plain_text.size()));
  const std::size_t size =
      ZSTD_compressCCtx(context_, out.data(), out.size(), plain_text.data(), plain_text.size(), level_);
  if (ZSTD_isError(size)) return base::fail(base::Errc::internal, std::string("zstd: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return {};
}

base::Status decompress(base::ByteView packed, std::size_t max_bytes, base::Bytes& out) {
  const unsigned long long claimed = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR || claimed == ZSTD_CONTENTSIZE_UNKNOWN || claimed > max_bytes) {
    return base::fail(base::Errc::corrupt, "compressed data states no acceptable size");
  }
  out.resize(static_cast<std::size_t>(claimed));
  const std::size_t size = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) || size != claimed) return base::fail(base::Errc::corrupt, "compressed data is damaged");
  return {};
}

}  // namespace sallyport::recording
