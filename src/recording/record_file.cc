// SPDX-License-Identifier: Apache-2.0
// The appending end of ID.rec.
#include "recording/record_file.h"

#include <unistd.h>

#include "recording/file_io.h"

namespace sallyport::recording {

RecordFile::RecordFile(base::Fd fd, std::uint64_t size, const Hash& header_hash)
    : fd_(std::move(fd)), size_(size), header_hash_(header_hash) {
  totals_.last_head = header_hash;
  totals_.chain_out = header_hash;
}

void RecordFile::adopt(const ChunkHead& head, std::uint64_t offset) {
  index_.push_back(index_entry(head, offset));
  totals_.add(head);
  size_ = offset + head.total_bytes();
}

base::Status RecordFile::write_and_sync(base::ByteView data) {
  if (failed_) return base::fail(base::Errc::io, "an earlier write of this recording failed");
  base::Status done = write_at(fd_.get(), data, size_);
  if (done) done = sync_data(fd_.get());
  if (!done) {
    // What was half written must not stand between the chunks and a later recovery. Should this fail too, the recovery
    // finds an append that never completed and cuts it off itself.
    failed_ = true;
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) return done;
  }
  return done;
}

base::Result<ChunkMark> RecordFile::append(ChunkHead head, base::ByteView body) {
  if (index_.size() >= kMaxChunks) return base::fail(base::Errc::full, "the recording has the most chunks it can have");
  base::Bytes bytes = encode_chunk_head(head);
  bytes.insert(bytes.end(), body.begin(), body.end());
  if (auto done = write_and_sync(bytes); !done) return pass(done);
  const std::uint64_t offset = size_;
  adopt(head, offset);
  return ChunkMark{head.number,  head.hash,          offset,           head.total_bytes(), head.first_seq,
                   head.entries, head.first_time_us, head.last_time_us};
}

base::Result<SealMark> RecordFile::append_seal(SealState state, base::ByteView manifest, std::string_view reason,
                                               base::Micros closed_at_us, const Signer& signer) {
  Seal seal;
  seal.header_hash = header_hash_;
  seal.state = state;
  seal.closed_at_us = closed_at_us;
  seal.totals = totals_;
  seal.reason = std::string(reason.substr(0, kMaxReasonBytes));
  seal.manifest = base::to_bytes(manifest);
  seal.index = index_;
  auto bytes = seal.encode_signed(signer, size_);
  if (!bytes) return pass(bytes);
  if (auto done = write_and_sync(*bytes); !done) return pass(done);
  size_ += bytes->size();
  return SealMark{seal.hash, state, index_.size(), totals_.entries, size_};
}

}  // namespace sallyport::recording
