// SPDX-License-Identifier: Apache-2.0
// The blocking half of the writer: reads a full tail back, proves it, packs it, appends it.
#include "recording/jobs.h"

#include <unistd.h>

#include "recording/chunk.h"
#include "recording/file_io.h"
#include "recording/frame.h"

namespace sallyport::recording {
namespace {

/// Decrypts the frames of a tail into compressor.plain. What the disk gives back must be what was written: anything
/// else means that someone or something changed it, and the session must stop.
base::Status read_tail(const Tail& tail, const RecordKeys& keys, const Hash& header_hash, Compressor& compressor) {
  compressor.raw.resize(tail.used - kTailHeadBytes);
  auto got = read_into(tail.fd.get(), kTailHeadBytes, compressor.raw);
  if (!got) return pass(got);
  const base::ByteView bytes = compressor.raw;
  FrameContext context{header_hash, tail.number, tail.chain_in};
  compressor.plain.clear();
  compressor.plain.reserve(tail.plain_bytes);
  std::size_t at = 0;
  while (*got == bytes.size() && at < bytes.size()) {
    if (bytes.size() - at < kFrameOverheadBytes) break;
    const std::size_t size = kFrameHeadBytes + decode_frame_head(bytes.data() + at).body_bytes + 32;
    if (size > bytes.size() - at || !open_frame(keys, context, bytes.subspan(at, size), compressor.plain)) break;
    context.chain = chain_frame(context.chain, bytes.subspan(at, size - 32));
    at += size;
  }
  if (at != bytes.size() || context.chain != tail.chain) {
    return base::fail(base::Errc::corrupt, tail.path + " is not what was written to it");
  }
  return {};
}

base::Result<ChunkMark> append_chunk(const Tail& tail, RecordFile& file, const RecordKeys& keys,
                                     Compressor& compressor) {
  if (auto done = read_tail(tail, keys, file.header_hash(), compressor); !done) return pass(done);
  // The tail's removal is not synced: after a power cut it may be back, and then it must be what the chunk was made of.
  if (auto synced = sync_data(tail.fd.get()); !synced) return pass(synced);
  ChunkHead head;
  head.number = tail.number;
  head.first_seq = tail.first_seq;
  head.entries = tail.entries;
  head.inputs = tail.inputs;
  head.frames = tail.frames;
  head.chain_in = tail.chain_in;
  head.chain_out = tail.chain;
  head.previous_head = file.last_head();
  base::ByteView rest = compressor.plain;
  while (!rest.empty()) {
    auto entry = take_entry(rest);
    if (!entry) return pass(entry);
    if (head.first_time_us == 0) head.first_time_us = entry->time_us;
    head.last_time_us = entry->time_us;
  }
  if (auto done = seal_packed(keys, file.header_hash(), head, compressor); !done) return pass(done);
  return file.append(head, compressor.packed);
}

/// Plaintext does not outlive the job in memory that the thread keeps.
base::Result<ChunkMark> append_and_wipe(const Tail& tail, RecordFile& file, const RecordKeys& keys,
                                        Compressor& compressor) {
  auto mark = append_chunk(tail, file, keys, compressor);
  base::wipe(compressor.plain.data(), compressor.plain.size());
  return mark;
}

/// A tail that is no longer needed. Leaving it would only cost space: recovery drops it later.
void drop(const Tail& tail) {
  ::unlink(tail.path.c_str());
}

}  // namespace

base::Result<std::shared_ptr<Tail>> create_tail(const std::string& directory, const std::string& id,
                                                std::uint64_t number) {
  auto tail = std::make_shared<Tail>();
  tail->path = tail_path(directory, id, number);
  tail->number = number;
  auto fd = create_reserved(tail->path, kTailCapacityBytes);
  if (!fd) return pass(fd);
  tail->fd = std::move(*fd);
  if (auto synced = sync_directory(directory); !synced) {
    drop(*tail);
    return pass(synced);
  }
  return tail;
}

base::Status WriterJob::run(Compressor& compressor) {
  status = work(compressor);
  return status;
}

base::Status PrepareJob::work(Compressor&) {
  auto tail = create_tail(directory_, id_, number_);
  if (!tail) return pass(tail);
  prepared = std::move(*tail);
  return {};
}

base::Status ChunkJob::work(Compressor& compressor) {
  auto mark = append_and_wipe(*tail_, *file_, *keys_, compressor);
  if (!mark) return pass(mark);
  outcome.chunk = *mark;
  drop(*tail_);
  return {};
}

base::Status CloseJob::work(Compressor& compressor) {
  // What was reserved and not used may be what the last chunk needs on a full disk.
  if (unused_) {
    drop(*unused_);
    unused_->fd.reset();
  }
  if (::ftruncate(tail_->fd.get(), static_cast<off_t>(tail_->used)) != 0) {
    return base::fail_errno("shortening " + tail_->path);
  }
  if (tail_->frames > 0) {
    auto mark = append_and_wipe(*tail_, *file_, *keys_, compressor);
    if (!mark) return pass(mark);
    outcome.chunk = *mark;
  }
  auto seal = file_->append_seal(SealState::complete, end_.manifest, end_.reason, end_.closed_at_us, *signer_);
  if (!seal) return pass(seal);
  outcome.seal = *seal;
  // Last: at every moment a record has its seal or its current tail, so one with neither was cut.
  drop(*tail_);
  return {};
}

base::Status SyncJob::work(Compressor&) {
  return sync_data(tail_->fd.get());
}

}  // namespace sallyport::recording
