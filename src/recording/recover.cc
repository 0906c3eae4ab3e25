// SPDX-License-Identifier: Apache-2.0
// Seals what a dead writer left: its tails become verbatim chunks, without any key. Trusted side; what it reads may
// have been changed meanwhile, so it keeps every byte and drops only what ID.rec proves to hold already.
#include "recording/recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/id.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/header.h"
#include "recording/record_file.h"
#include "recording/record_map.h"

namespace sallyport::recording {
namespace {

struct LeftTail {
  std::uint64_t number = 0;
  std::string path;
  base::Bytes bytes;             ///< the whole file
  std::optional<TailHead> head;  ///< absent when unused or damaged
  bool used = false;
};

base::Result<std::vector<LeftTail>> read_tails(const std::string& directory, const std::string& id) {
  auto numbers = list_tails(directory, id);
  if (!numbers) return pass(numbers);
  std::vector<LeftTail> out;
  for (const std::uint64_t number : *numbers) {
    LeftTail tail;
    tail.number = number;
    tail.path = tail_path(directory, id, number);
    auto bytes = base::read_file(tail.path, kTailCapacityBytes);
    if (!bytes) return pass(bytes);
    tail.bytes = std::move(*bytes);
    if (auto head = decode_tail_head(tail.bytes)) {
      tail.head = *head;
      tail.used = head->has_value();
    } else {
      tail.used = true;  // not zeros, not a head: kept as it is
    }
    out.push_back(std::move(tail));
  }
  return out;
}

class Recovery {
 public:
  Recovery(const std::string& directory, const std::string& id, RecordMap map, std::vector<LeftTail> tails)
      : directory_(directory), id_(id), map_(std::move(map)), tails_(std::move(tails)) {}

  base::Result<RecoverOutcome> run(base::Fd fd, const Signer& signer, std::string_view reason, base::Micros now_us) {
    if (auto sound = check_record(); !sound) return pass(sound);
    if (map_.seal()) return finish_sealed();
    if (auto cut = cut_unfinished(fd.get()); !cut) return pass(cut);
    RecordFile file(std::move(fd), map_.end(), map_.header_hash());
    for (const MappedChunk& chunk : map_.chunks()) file.adopt(chunk.head, chunk.offset);
    for (const LeftTail& tail : tails_) {
      if (!tail.used || tail.number < map_.chunks().size()) continue;
      if (auto done = append(file, tail); !done) return pass(done);
    }
    auto seal = file.append_seal(SealState::truncated, {}, reason, now_us, signer);
    if (!seal) return pass(seal);
    outcome_.seal = *seal;
    if (auto dropped = drop_tails(); !dropped) return pass(dropped);
    return std::move(outcome_);
  }

 private:
  base::Status check_record() const {
    if (!map_.header() || !map_.header_problem().empty()) {
      return base::fail(base::Errc::corrupt, "the recording's header " + map_.header_problem());
    }
    if (map_.header()->id != id_) return base::fail(base::Errc::corrupt, "the recording is another session's");
    if (!map_.holes().empty()) return base::fail(base::Errc::corrupt, "the recording is damaged between its chunks");
    Hash previous = map_.header_hash();
    for (std::size_t i = 0; i < map_.chunks().size(); ++i) {
      const ChunkHead& head = map_.chunks()[i].head;
      if (head.number != i || head.previous_head != previous) {
        return base::fail(base::Errc::corrupt, "the recording's chunks are not in sequence");
      }
      previous = head.hash;
    }
    return check_overlap();
  }

  /// A tail whose chunk is in the record is about to be dropped: only if it ends as the chunk does.
  base::Status check_overlap() const {
    for (const LeftTail& tail : tails_) {
      if (!tail.used || tail.number >= map_.chunks().size()) continue;
      const Hash chain_in = tail.head ? tail.head->chain_in : Hash{};
      const FrameWalk walk = walk_frames(frames_of(tail), chain_in);
      if (!tail.head || walk.chain_out != map_.chunks()[tail.number].head.chain_out) {
        return base::fail(base::Errc::corrupt, tail.path + " differs from the chunk made of it");
      }
    }
    if (map_.seal() && std::any_of(tails_.begin(), tails_.end(), [this](const LeftTail& t) {
          return t.used && t.number >= map_.chunks().size() && holds_frames(t);
        })) {
      return base::fail(base::Errc::corrupt, "a tail with frames is left beside a sealed recording");
    }
    return {};
  }

  static base::ByteView frames_of(const LeftTail& tail) {
    return base::ByteView(tail.bytes).subspan(tail.head ? kTailHeadBytes : 0);
  }

  static bool holds_frames(const LeftTail& tail) {
    const base::ByteView rest = frames_of(tail);
    return std::any_of(rest.begin(), rest.end(), [](std::uint8_t b) { return b != 0; });
  }

  /// What an append that never completed left. The tail it was made from still stands; or it was the seal.
  base::Status cut_unfinished(int fd) {
    if (map_.unfinished() == 0) return {};
    const std::uint64_t next = map_.chunks().size();
    const bool covered =
        std::any_of(tails_.begin(), tails_.end(), [next](const LeftTail& t) { return t.used && t.number >= next; });
    auto start = read_at(fd, map_.end(), 8);
    if (!start) return pass(start);
    static constexpr std::string_view kSealMagic("SPSEAL\0\1", 8);
    const bool seal = kSealMagic.starts_with(base::text(*start));
    if (!covered && !seal) {
      return base::fail(base::Errc::corrupt, "the recording ends in bytes that no tail accounts for");
    }
    if (::ftruncate(fd, static_cast<off_t>(map_.end())) != 0) return base::fail_errno("cutting an unfinished append");
    return {};
  }

  base::Status append(RecordFile& file, const LeftTail& tail) {
    const base::ByteView bytes = frames_of(tail);
    const FrameWalk walk = walk_frames(bytes, tail.head ? tail.head->chain_in : file.totals().chain_out);
    if (walk.used_bytes == 0) return {};
    ChunkHead head;
    head.form = ChunkForm::verbatim;
    head.number = tail.number;  // its frames are bound to it
    head.first_seq = tail.head ? tail.head->first_seq : file.totals().entries;
    head.chain_in = tail.head ? tail.head->chain_in : file.totals().chain_out;
    head.chain_out = walk.chain_out;
    head.frames = static_cast<std::uint32_t>(walk.valid_frames);
    for (std::size_t i = 0; i < walk.valid_frames; ++i) {
      head.entries += walk.frames[i].head.entries;
      head.inputs += walk.frames[i].head.inputs;
    }
    head.plain_bytes = static_cast<std::uint32_t>(walk.valid_bytes);
    head.body_bytes = static_cast<std::uint32_t>(walk.used_bytes);
    const base::ByteView body = bytes.first(walk.used_bytes);
    head.body_hash = hash_body(body);
    head.previous_head = file.last_head();
    auto mark = file.append(head, body);
    if (!mark) return pass(mark);
    outcome_.torn_bytes += walk.used_bytes - walk.valid_bytes;
    outcome_.chunks.push_back(*mark);
    return {};
  }

  base::Result<RecoverOutcome> finish_sealed() {
    outcome_.already_sealed = true;
    const Seal& seal = *map_.seal();
    outcome_.seal = {seal.hash, seal.state, seal.index.size(), seal.totals.entries, map_.end()};
    if (auto dropped = drop_tails(); !dropped) return pass(dropped);
    return std::move(outcome_);
  }

  base::Status drop_tails() {
    for (const LeftTail& tail : tails_) {
      if (::unlink(tail.path.c_str()) != 0) return base::fail_errno("removing " + tail.path);
    }
    return sync_directory(directory_);
  }

  const std::string& directory_;
  const std::string& id_;
  RecordMap map_;
  std::vector<LeftTail> tails_;
  RecoverOutcome outcome_;
};

}  // namespace

base::Result<std::vector<std::string>> find_unsealed(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  if (!dir) return base::fail_errno("opening " + directory);
  std::set<std::string> out;
  while (const dirent* e = ::readdir(dir.get())) {
    const std::string name = e->d_name;
    const std::string id = name.substr(0, kIdBytes);
    if (!base::is_id(id)) continue;
    if (name.ends_with(".tail")) {
      out.insert(id);
    } else if (name == id + ".rec") {
      const base::Fd fd(::open((directory + "/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!fd) return base::fail_errno("opening " + name);
      auto size = file_size(fd.get());
      if (!size) return pass(size);
      auto trailer = read_at(fd.get(), *size < kTrailerBytes ? 0 : *size - kTrailerBytes, kTrailerBytes);
      if (!trailer) return pass(trailer);
      if (!decode_trailer(*trailer)) out.insert(id);
    }
  }
  return std::vector<std::string>(out.begin(), out.end());
}

base::Result<RecoverOutcome> recover(const std::string& directory, const std::string& id, const Signer& signer,
                                     std::string_view reason, base::Micros now_us) {
  if (!base::is_id(id)) return base::fail(base::Errc::invalid, "malformed session id");
  base::Fd fd(::open(record_path(directory, id).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return base::fail_errno(record_path(directory, id));
  auto tails = read_tails(directory, id);
  if (!tails) return pass(tails);
  auto map = RecordMap::open(fd.get());
  if (!map) return pass(map);
  if (auto extended = map->extend(); !extended) return pass(extended);
  if (map->seal() && map->unfinished() != 0) {
    return base::fail(base::Errc::corrupt, "the recording goes on behind its seal");
  }
  return Recovery(directory, id, std::move(*map), std::move(*tails)).run(std::move(fd), signer, reason, now_us);
}

}  // namespace sallyport::recording
