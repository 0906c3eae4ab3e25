// SPDX-License-Identifier: Apache-2.0
// From messages to one recording.
#include "replay/opened_recording.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "ipc/api.pb.h"

namespace sallyport::replay {
namespace {

constexpr std::size_t kMaxTails = 64;

std::optional<recording::Hash> hash_from(const std::string& bytes) {
  recording::Hash out{};
  if (bytes.size() != out.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

void take_first(ipc::RecordingHandle& handle, OpenRecording& out) {
  out.facts = handle.json();
  out.keys.session = base::SecretBytes(base::view(handle.session_key()));
  out.keys.input = base::SecretBytes(base::view(handle.input_key()));
  base::wipe(handle.mutable_session_key()->data(), handle.session_key().size());
  base::wipe(handle.mutable_input_key()->data(), handle.input_key().size());
  if (auto key = hash_from(handle.node_public_key())) out.node_key = *key;
  out.known_header = hash_from(handle.header_hash());
  out.known_seal = hash_from(handle.seal_hash());
  out.other_seals = static_cast<std::size_t>(handle.other_seals_size());
  out.key_file = base::to_bytes(handle.key_file());
  out.key_problem = handle.key_problem();
  out.record_bytes = handle.record_bytes();
  out.known_keys = hash_from(handle.keys_hash());
  for (const auto& head : handle.heads()) {
    if (auto hash = hash_from(head.hash())) {
      recording::ChunkMark mark;
      mark.number = head.chunk();
      mark.head_hash = *hash;
      out.known_chunks.push_back(mark);
    }
  }
}

}  // namespace

std::vector<int> PassedSource::descriptors() const {
  std::vector<int> out{record_.get()};
  for (const auto& [number, fd] : tails_) out.push_back(fd.get());
  return out;
}

base::Result<base::Fd> PassedSource::open_tail(std::uint64_t number) const {
  const auto found = tails_.find(number);
  if (found == tails_.end()) return base::fail(base::Errc::not_found, "no tail " + std::to_string(number));
  base::Fd copy(::fcntl(found->second.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return base::fail_errno("tail " + std::to_string(number));
  return copy;
}

bool HandedOver::take(ipc::RecordingHandle& handle, std::vector<base::Fd> fds) {
  const bool first = !record_;
  const std::size_t before = first ? 1 : 0;
  if (tails_.size() > kMaxTails || fds.size() != before + static_cast<std::size_t>(handle.tail_numbers_size())) {
    return false;
  }
  if (first) {
    take_first(handle, out_);
    record_ = std::move(fds[0]);
  }
  for (int i = 0; i < handle.tail_numbers_size(); ++i) {
    tails_[handle.tail_numbers(i)] = std::move(fds[before + static_cast<std::size_t>(i)]);
  }
  return true;
}

std::optional<OpenRecording> HandedOver::finish(const std::string& id) {
  if (!record_) return std::nullopt;
  out_.id = id;
  auto source = std::make_shared<PassedSource>(std::move(record_), std::move(tails_));
  out_.descriptors = source->descriptors();
  out_.source = std::move(source);
  return std::move(out_);
}

}  // namespace sallyport::replay
