// SPDX-License-Identifier: Apache-2.0
// Writes one session's record: the gate of "not recorded, not forwarded". Trusted side, called on a session loop.
// It must never report success before the bytes are with the kernel, and never go on after a failed write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "recording/compressor.h"
#include "recording/types.h"

namespace sallyport::recording {

/// Whose X25519 key can open the record, and how far.
struct Recipient {
  enum class Scope : std::uint8_t {
    session,            ///< output and everything else, but not what was typed
    session_and_input,  ///< what was typed too
  };
  PublicKey key{};
  Scope scope = Scope::session;
};

struct WriterOptions {
  std::string directory;  ///< exists already
  std::string id;         ///< base::is_id
  base::Micros started_at_us = 0;
  std::vector<Recipient> recipients;  ///< 1 to kMaxRecipients
};

/// What a job did, for the audit log.
struct JobOutcome {
  std::optional<ChunkMark> chunk;
  std::optional<SealMark> seal;
};

/// Work that may block on the disk: compressing, appending, syncing, creating the next tail.
/// Take it on the session loop, run() it on any thread, hand it back with Writer::finish() on the loop.
/// Jobs of one session run one at a time and in the order they were taken; a sync job alone may run beside others.
class Job {
 public:
  virtual ~Job() = default;
  /// Does the work. The outcome and the error are kept for finish(); the status is the same as finish() will report.
  virtual base::Status run(Compressor& compressor) = 0;
};

/// One per session; not thread-safe (one loop owns it). Destroyed without a closing job, it leaves what recover()
/// needs.
///
///   add()… flush() → forward;  if (job_due()) post(take_job());  on completion finish(job)
class Writer {
 public:
  /// Creates ID.rec (with its signed header), ID.keys and the first tail, all synced: blocks, so call it off the loop.
  /// Fails (Errc::full on a full disk, Errc::exists when the id has a record) before anything can be forwarded.
  static base::Result<std::unique_ptr<Writer>> create(const WriterOptions& options,
                                                      std::shared_ptr<const Signer> signer, base::Random& random);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Whether kMaxFrameBytes more can be added and flushed now. When false, stop reading from the workers until a job
  /// has finished: that is the disk's back-pressure.
  bool ready() const;

  /// Buffers one event (at most kMaxEventBytes). Flushes by itself when the frame is full: then busy (nothing added)
  /// and the errors of flush() are possible.
  base::Status add(EntryKind kind, base::Micros time_us, base::ByteView event);

  /// Seals what was added into one frame and writes it to the tail: one pwrite, no fsync. On success everything added
  /// so far may be forwarded. Errc::busy: no room until a job finishes, nothing lost, call again. Any other error is
  /// final: the session must stop, and every later call fails.
  base::Status flush();

  /// flush(), then fdatasync of the tail: blocks (typically 0.1 ms, at worst as long as the disk takes).
  base::Status sync();

  /// Whether take_job() has something to give. Ask after each flush() and each finish().
  bool job_due() const;
  /// The next chunk to seal, or the next tail to prepare; null when nothing is due or a job is out. Errors as in
  /// flush().
  base::Result<std::unique_ptr<Job>> take_job();
  /// True when a chunk's worth of entries waits in the tail (job_due() covers it; this is for statistics and tests).
  bool chunk_full() const;
  /// An fdatasync of the current tail, for the once-a-second sync; null when nothing was written since the last. What
  /// is flushed now is durable once it and every job before it have finished without an error. Errors as in flush().
  base::Result<std::unique_ptr<Job>> take_sync_job();

  /// Takes a finished job back. An error is final, as in flush().
  base::Result<JobOutcome> finish(std::unique_ptr<Job> job);

  /// Flushes, and gives the job that seals the rest and the record. Nothing can be added afterwards. A job still out
  /// must run first, as always. manifest: the coverage manifest, opaque here; stored in the clear and signed.
  /// Flush errors are returned here; busy is possible as in flush().
  base::Result<std::unique_ptr<Job>> take_close_job(base::ByteView manifest, std::string_view reason,
                                                    base::Micros closed_at_us);

  /// Hash of the signed header, for the audit log's start event.
  const Hash& header_hash() const;
  /// Checksum of the key file, likewise.
  const Hash& key_file_hash() const;
  std::uint64_t entries() const;     ///< flushed
  std::uint64_t tail_bytes() const;  ///< used in the current tail

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::recording
