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
#include "broker/record/record_sink.h"
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

class RecordKeeper : public RecordSink {
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

  struct Closed {
    bool ok = false;
    recording::SealMark seal;
    std::uint64_t entries = 0;
  };
  /// Seals the record; done() on the loop, also when the owner is gone by then. A manifest longer than
  /// recording::kMaxManifestBytes is left out: nothing that a user does may cost the seal.
  void close(base::Bytes manifest, const std::string& reason, std::function<void(Closed)> done);

  const recording::Hash& header_hash() const;
  const recording::Hash& key_file_hash() const;
  std::uint64_t entries() const override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sallyport::broker
