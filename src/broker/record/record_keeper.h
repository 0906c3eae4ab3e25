// SPDX-License-Identifier: Apache-2.0
// One session's record, kept: events appended, chunks sealed on the record thread, the disk's back-pressure felt.
// Trusted side, on a session loop. Its owner forwards nothing that append() did not accept.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "broker/node/services.h"
#include "broker/record/session_record.h"
#include "net/loop.h"
#include "recording/writer.h"

namespace google::protobuf {
class MessageLite;
}

namespace sallyport::broker {

/// The record thread's own: one compressor for all sessions.
struct RecordThreadState {
  recording::Compressor compressor;
};

class RecordKeeper final : public SessionRecord {
 public:
  struct Events {
    std::function<void()> ready;                         ///< there is room again
    std::function<void(const std::string& why)> failed;  ///< recording stopped: the session must
  };

  RecordKeeper(Services& services, RecordThreadState& record_state, net::Loop& loop,
               std::unique_ptr<recording::Writer> writer, std::string session, Events events);
  ~RecordKeeper() override;

  /// When it is not, Events::ready will be called.
  bool ready() const override;
  /// After an error that is final Events::failed was called.
  base::Status append(recording::EntryKind kind, base::Micros time_us, base::ByteView event) override;
  void synced(std::function<void(bool ok)> done) override;

  void close(base::Bytes manifest, const std::string& reason, std::function<void(Closed)> done) override;

  const recording::Hash& header_hash() const override;
  const recording::Hash& key_file_hash() const override;
  std::uint64_t entries() const override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sallyport::broker
