// SPDX-License-Identifier: Apache-2.0
// The blocking half of the writer: what runs on a job thread. Trusted side. A job owns all that it touches, so that the
// session loop may go on, or go away, meanwhile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "recording/crypto.h"
#include "recording/record_file.h"
#include "recording/writer.h"

namespace sallyport::recording {

/// A tail and what the loop knows of it.
struct Tail {
  base::Fd fd;
  std::string path;
  std::uint64_t number = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t entries = 0;
  std::uint64_t inputs = 0;
  std::uint64_t plain_bytes = 0;
  std::uint32_t frames = 0;
  std::uint64_t used = 0;  ///< bytes written, its head included
  std::uint64_t synced = 0;
  Hash chain_in{};
  Hash chain{};  ///< after the last frame
};

/// Reserves a tail's space, durably.
base::Result<std::shared_ptr<Tail>> create_tail(const std::string& directory, const std::string& id,
                                                std::uint64_t number);

enum class JobKind : std::uint8_t { prepare, chunk, close, sync };

/// A Job as the writer sees it again in finish().
class WriterJob : public Job {
 public:
  base::Status run(Compressor& compressor) final;
  virtual JobKind kind() const = 0;

  base::Status status = base::fail(base::Errc::internal, "the job was never run");
  JobOutcome outcome;
  std::shared_ptr<Tail> prepared;

 private:
  virtual base::Status work(Compressor& compressor) = 0;
};

/// Creates the tail that comes after the current one.
class PrepareJob final : public WriterJob {
 public:
  PrepareJob(std::string directory, std::string id, std::uint64_t number)
      : directory_(std::move(directory)), id_(std::move(id)), number_(number) {}
  JobKind kind() const override { return JobKind::prepare; }

 private:
  base::Status work(Compressor& compressor) override;
  std::string directory_;
  std::string id_;
  std::uint64_t number_;
};

/// Makes a full tail one chunk of ID.rec, then drops the tail.
class ChunkJob final : public WriterJob {
 public:
  ChunkJob(std::shared_ptr<Tail> tail, std::shared_ptr<RecordFile> file, std::shared_ptr<const RecordKeys> keys)
      : tail_(std::move(tail)), file_(std::move(file)), keys_(std::move(keys)) {}
  JobKind kind() const override { return JobKind::chunk; }

 private:
  base::Status work(Compressor& compressor) override;
  std::shared_ptr<Tail> tail_;
  std::shared_ptr<RecordFile> file_;
  std::shared_ptr<const RecordKeys> keys_;
};

/// The last chunk, when there are entries for one, and the seal.
class CloseJob final : public WriterJob {
 public:
  struct End {
    base::Bytes manifest;
    std::string reason;
    base::Micros closed_at_us = 0;
  };
  CloseJob(std::shared_ptr<Tail> tail, std::shared_ptr<Tail> unused, std::shared_ptr<RecordFile> file,
           std::shared_ptr<const RecordKeys> keys, std::shared_ptr<const Signer> signer, End end)
      : tail_(std::move(tail)),
        unused_(std::move(unused)),
        file_(std::move(file)),
        keys_(std::move(keys)),
        signer_(std::move(signer)),
        end_(std::move(end)) {}
  JobKind kind() const override { return JobKind::close; }

 private:
  base::Status work(Compressor& compressor) override;
  std::shared_ptr<Tail> tail_;
  std::shared_ptr<Tail> unused_;
  std::shared_ptr<RecordFile> file_;
  std::shared_ptr<const RecordKeys> keys_;
  std::shared_ptr<const Signer> signer_;
  End end_;
};

/// fdatasync of a tail.
class SyncJob final : public WriterJob {
 public:
  explicit SyncJob(std::shared_ptr<Tail> tail) : tail_(std::move(tail)), up_to_(tail_->used) {}
  JobKind kind() const override { return JobKind::sync; }
  /// On the session loop, when it has worked.
  void note_synced() const { tail_->synced = std::max(tail_->synced, up_to_); }

 private:
  base::Status work(Compressor& compressor) override;
  std::shared_ptr<Tail> tail_;
  const std::uint64_t up_to_;
};

}  // namespace sallyport::recording
