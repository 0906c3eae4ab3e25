// SPDX-License-Identifier: Apache-2.0
// One zstd context and the scratch memory for chunk jobs: one per job thread, never one per session.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

struct ZSTD_CCtx_s;

namespace sallyport::recording {

class Compressor {
 public:
  explicit Compressor(int level = 3);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  /// Replaces out with one zstd frame that states its content size.
  base::Status compress(base::ByteView plain, base::Bytes& out);

  /// Reused between jobs so that a busy node does not allocate megabytes for each chunk. Holds plaintext only while a
  /// job runs: the job wipes it.
  base::Bytes raw;
  base::Bytes plain;
  base::Bytes packed;

 private:
  ZSTD_CCtx_s* context_ = nullptr;
  int level_;
};

/// Undoes Compressor::compress; refuses a frame that claims or yields more than max_bytes. Fuzzed through the reader.
base::Status decompress(base::ByteView packed, std::size_t max_bytes, base::Bytes& out);

}  // namespace sallyport::recording
