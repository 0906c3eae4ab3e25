// SPDX-License-Identifier: Apache-2.0
// The appending end of ID.rec: chunks in order, then the seal. Used by one thread at a time (jobs run in order).
// A failed append leaves the file as it was, and nothing may be appended after it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "recording/chunk.h"
#include "recording/seal.h"
#include "recording/types.h"

namespace sallyport::recording {

class RecordFile {
 public:
  /// size: where the next chunk goes. header_hash begins both chains.
  RecordFile(base::Fd fd, std::uint64_t size, const Hash& header_hash);

  /// Takes over a chunk that is in the file already (recovery reads them before it appends).
  void adopt(const ChunkHead& head, std::uint64_t offset);

  /// Appends a chunk whose head is complete but for its own hash, syncs. previous_head must be last_head().
  base::Result<ChunkMark> append(ChunkHead head, base::ByteView body);
  /// Appends the seal over everything appended so far, syncs.
  base::Result<SealMark> append_seal(SealState state, base::ByteView manifest, std::string_view reason,
                                     base::Micros closed_at_us, const Signer& signer);

  std::uint64_t size() const { return size_; }
  std::uint64_t chunks() const { return index_.size(); }
  const Totals& totals() const { return totals_; }
  const Hash& header_hash() const { return header_hash_; }
  const Hash& last_head() const { return totals_.last_head; }
  int fd() const { return fd_.get(); }

 private:
  base::Status write_and_sync(base::ByteView data);

  base::Fd fd_;
  std::uint64_t size_;
  Hash header_hash_;
  Totals totals_;
  std::vector<IndexEntry> index_;
  bool failed_ = false;
};

}  // namespace sallyport::recording
