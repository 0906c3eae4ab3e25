// SPDX-License-Identifier: Apache-2.0
// One session's record, from its first event to its seal. Trusted side, on a session loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "broker/record/record_sink.h"
#include "recording/types.h"

namespace sallyport::broker {

class SessionRecord : public RecordSink {
 public:
  struct Closed {
    bool ok = false;
    recording::SealMark seal;
    std::uint64_t entries = 0;
  };
  /// Seals the record; done() on the loop, also when the owner is gone by then. A manifest longer than
  /// recording::kMaxManifestBytes is left out: nothing that a user does may cost the seal.
  virtual void close(base::Bytes manifest, const std::string& reason, std::function<void(Closed)> done) = 0;

  virtual const recording::Hash& header_hash() const = 0;
  virtual const recording::Hash& key_file_hash() const = 0;
};

}  // namespace sallyport::broker
