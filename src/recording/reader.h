// SPDX-License-Identifier: Apache-2.0
// Reads a record in order, across chunks and tails, also while it grows. What it reads is foreign: every length is
// bounded, and damage is reported and stepped over, never trusted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "recording/record_keys.h"
#include "recording/types.h"

namespace sallyport::recording {

/// Where a record's files come from: a directory, or descriptors that were passed in.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  /// ID.rec, open for reading; stays owned by the source.
  virtual int record_fd() const = 0;
  /// ID.N.tail; Errc::not_found when there is none (any more).
  virtual base::Result<base::Fd> open_tail(std::uint64_t number) const = 0;
};

/// Opens the files by name. Errc::invalid for a malformed id, Errc::not_found without a record.
base::Result<std::unique_ptr<RecordSource>> open_directory(const std::string& directory, const std::string& id);

/// The header's facts, signed by the node.
struct RecordInfo {
  std::string id;
  base::Micros started_at_us = 0;
  PublicKey node{};  ///< who signed it; trust is verify()'s question
  Hash header_hash{};
  std::uint64_t bytes = 0;  ///< of ID.rec now
  struct Sealed {
    SealState state = SealState::complete;
    std::string reason;
    base::Micros closed_at_us = 0;
    std::uint64_t chunks = 0, entries = 0, input_entries = 0, event_bytes = 0;
    base::Micros first_time_us = 0, last_time_us = 0;
    base::Bytes manifest;
  };
  std::optional<Sealed> sealed;  ///< absent while live, or when the writer died and recover() has not run
};

/// The quick look that a list needs: header and seal, no chunk; checks their own hashes, not the signatures.
base::Result<RecordInfo> inspect(const RecordSource& source);

/// One recorded event. event points into the reader and lives until the next call.
struct Entry {
  std::uint64_t seq = 0;
  base::Micros time_us = 0;
  EntryKind kind = EntryKind::plain;
  bool hidden = false;  ///< an input entry without the input key: event is empty
  base::ByteView event;
};

/// Something that could not be read, named; reading goes on behind it.
struct Damage {
  std::string where;  ///< "chunk 3 at offset 81920", "tail 4, frame 17 at offset 5120"
  std::string what;
};

struct Waiting {};  ///< nothing more now; the record has no seal yet: ask again later
struct End {};      ///< the seal was reached

using ReadStep = std::variant<Entry, Damage, Waiting, End>;

class Reader {
 public:
  /// Checks the header and that the keys are the ones it commits to (Errc::denied otherwise).
  static base::Result<Reader> open(std::shared_ptr<const RecordSource> source, ReadKeys keys);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  /// The next thing in the record. An error means that the files cannot be read at all (Errc::io).
  base::Result<ReadStep> next();
  /// Goes to the first chunk that may hold entries at or after this time; what precedes it is not read.
  base::Status seek(base::Micros time_us);
  const RecordInfo& info() const;  ///< as of open(); `sealed` and `bytes` are refreshed when End is reached

 private:
  struct State;
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::recording
