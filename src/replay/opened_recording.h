// SPDX-License-Identifier: Apache-2.0
// A recording as the gateway hands it over for reading: files as descriptors, the keys that this node can unwrap, and
// what its audit log knows of it. What the files hold is foreign. Keys are wiped with their owner.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "recording/reader.h"
#include "recording/types.h"

namespace sallyport::ipc {
class RecordingHandle;
}

namespace sallyport::replay {

/// Files that came as descriptors.
class PassedSource final : public recording::RecordSource {
 public:
  PassedSource(base::Fd record, std::map<std::uint64_t, base::Fd> tails)
      : record_(std::move(record)), tails_(std::move(tails)) {}
  int record_fd() const override { return record_.get(); }
  std::vector<int> descriptors() const;
  base::Result<base::Fd> open_tail(std::uint64_t number) const override;

 private:
  base::Fd record_;
  std::map<std::uint64_t, base::Fd> tails_;
};

struct OpenRecording {
  std::string id;
  std::string facts;  ///< the recording's JSON object
  std::shared_ptr<const recording::RecordSource> source;
  std::vector<int> descriptors;  ///< the source's: what a contained child keeps open
  std::uint64_t record_bytes =
      std::numeric_limits<std::uint64_t>::max();  ///< when the tails passed with it were all that it had
  recording::ReadKeys keys;                       ///< session empty: this node cannot read it
  recording::PublicKey node_key{};
  std::vector<recording::ChunkMark> known_chunks;
  std::optional<recording::Hash> known_header;
  std::optional<recording::Hash> known_seal;
  std::size_t other_seals = 0;
  base::Bytes key_file;
  std::string key_problem;  ///< why there is no key although there should be
  std::optional<recording::Hash> known_keys;
};

/// Gathers the messages in which a recording is handed over.
class HandedOver {
 public:
  /// One message with its descriptors; the keys in it are wiped. False: they do not fit together.
  bool take(ipc::RecordingHandle& handle, std::vector<base::Fd> fds);
  /// All of it. Nothing when nothing came.
  std::optional<OpenRecording> finish(const std::string& id);

 private:
  OpenRecording out_;
  base::Fd record_;
  std::map<std::uint64_t, base::Fd> tails_;
};

}  // namespace sallyport::replay
