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
#include "recording/crypto.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/header.h"
#include "recording/left_tails.h"
#include "recording/record_file.h"
#include "recording/record_map.h"

namespace sallyport::recording {
namespace {

constexpr std::string_view kSealMagic("SPSEAL\0\1", 8);

base::Status damaged(const std::string& what) {
  return base::fail(base::Errc::corrupt, what);
}

bool all_zero(base::ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

bool begins_with(base::ByteView bytes, base::ByteView start) {
  return bytes.size() >= start.size() && std::equal(start.begin(), start.end(), bytes.begin());
}

class Recovery {
 public:
  Recovery(const std::string& directory, const std::string& id, base::Fd fd, RecordMap map, std::vector<LeftTail> tails)
      : directory_(directory), id_(id), fd_(std::move(fd)), map_(std::move(map)), tails_(std::move(tails)) {}

  /// Nothing is changed before everything was looked at.
  base::Result<RecoverOutcome> run(const KnownRecord& known, const Signer& signer, std::string_view reason,
                                   base::Micros now_us) {
    base::Status sound = check_header();
    if (sound) sound = check_chunks();
    if (sound) sound = check_known(known);
    if (sound) sound = check_tails();
    if (sound) sound = map_.seal() ? check_seal() : check_end(known);
    if (!sound) return pass(sound);
    if (map_.seal()) return finish_sealed();
    return close_record(signer, reason, now_us);
  }

 private:
  base::Status check_header() const {
    if (!map_.header() || !map_.header_problem().empty()) {
      return damaged("the recording's header " + map_.header_problem());
    }
    if (map_.header()->id != id_) return damaged("the recording is another session's");
    if (!map_.header()->signature_verified()) return damaged("the node's signature of the header does not hold");
    return {};
  }

  base::Status check_chunks() const {
    if (!map_.holes().empty()) return damaged("the recording is damaged between its chunks");
    Hash previous = map_.header_hash();
    for (std::size_t i = 0; i < map_.chunks().size(); ++i) {
      const ChunkHead& head = map_.chunks()[i].head;
      if (head.number != i || head.previous_head != previous) {
        return damaged("the recording's chunks are not in sequence");
      }
      previous = head.hash;
    }
    return {};
  }

  base::Status check_known(const KnownRecord& known) const {
    if (known.header && *known.header != map_.header_hash()) {
      return damaged("the recording's header is not the one that the audit log knows");
    }
    for (const ChunkMark& mark : known.chunks) {
      const MappedChunk* chunk = map_.find(mark.number);
      const std::string name = "chunk " + std::to_string(mark.number);
      if (chunk == nullptr) return damaged(name + " is missing: the audit log knows of it");
      if (chunk->head.hash != mark.head_hash) return damaged(name + " is not the one that the audit log knows");
    }
    if (known.seals.empty()) return {};
    if (!map_.seal()) return damaged("the seal that the audit log knows is damaged or gone");
    if (std::find(known.seals.begin(), known.seals.end(), map_.seal()->hash) == known.seals.end()) {
      return damaged("the seal is not the one that the audit log knows");
    }
    return {};
  }

  base::Status check_tails() const {
    for (const LeftTail& tail : tails_) {
      if (tail.head && (tail.head->header_hash != map_.header_hash() || tail.head->number != tail.number)) {
        return damaged(tail.path + " is another recording's or another chunk's");
      }
      if (!tail.used) continue;
      if (tail.number < map_.chunks().size()) {
        if (auto same = check_overlap(tail); !same) return same;
      } else if (map_.seal() && !all_zero(tail.frames())) {
        return damaged("a tail with frames is left beside a sealed recording");
      }
    }
    return {};
  }

  /// A tail whose chunk is in the record is about to be dropped: only if the chunk is whole and holds what it does.
  base::Status check_overlap(const LeftTail& tail) const {
    const MappedChunk& chunk = map_.chunks()[tail.number];
    auto body = read_at(fd_.get(), chunk.offset + kChunkHeadBytes, chunk.head.body_bytes);
    if (!body) return pass(body);
    if (hash_body(*body) != chunk.head.body_hash) {
      return damaged("chunk " + std::to_string(tail.number) + " is damaged; " + tail.path + " holds what it held");
    }
    const base::ByteView frames = tail.frames();
    const bool same = chunk.head.form == ChunkForm::verbatim
                          ? begins_with(frames, *body) && all_zero(frames.subspan(body->size()))
                          : tail.head && walk_frames(frames, tail.head->chain_in).chain_out == chunk.head.chain_out;
    return same ? base::Status() : damaged(tail.path + " differs from the chunk made of it");
  }

  /// A seal that this recovery is about to name as the record's.
  base::Status check_seal() const {
    if (map_.unfinished() != 0) return damaged("the recording goes on behind its seal");
    const Seal& seal = *map_.seal();
    const Hash& last = map_.chunks().empty() ? map_.header_hash() : map_.chunks().back().head.hash;
    if (seal.header_hash != map_.header_hash() || seal.stated_offset != map_.seal_offset() ||
        seal.index.size() != map_.chunks().size() || seal.totals.last_head != last ||
        !seal.signed_by(map_.header()->node)) {
      return damaged("the seal is not this recording's");
    }
    return {};
  }

  /// An unsealed record ends in its tail: one that has none was cut after the writer's end. A record of which nothing
  /// but a header is known may have died before it had one.
  base::Status check_end(const KnownRecord& known) const {
    const std::uint64_t next = map_.chunks().size();
    const bool tail =
        std::any_of(tails_.begin(), tails_.end(), [next](const LeftTail& t) { return t.number + 1 >= next; });
    if (!tail && (next > 0 || map_.unfinished() > 0 || known.header)) {
      return damaged("the recording has neither a seal nor a tail: it was cut");
    }
    return map_.unfinished() == 0 ? base::Status() : check_unfinished();
  }

  /// Bytes behind the last chunk may go when they are an append that did not complete: a chunk's, whose tail still
  /// stands, or the seal's, when it states more than is there. A seal that is all there was durable, whatever has
  /// become of it since; unless the last tail still stands, which goes only after the seal is durable: a power cut may
  /// have kept the file's new size without the bytes.
  base::Status check_unfinished() const {
    auto start = read_at(fd_.get(), map_.end(), kSealPrefixBytes);
    if (!start) return pass(start);
    if (closing() && seal_or_nothing(*start)) return {};
    auto trailer = read_at(fd_.get(), map_.size() - std::min<std::uint64_t>(map_.size(), kTrailerBytes), kTrailerBytes);
    if (!trailer) return pass(trailer);
    if (decode_trailer(*trailer)) return damaged("the seal is damaged");
    if (!kSealMagic.starts_with(base::text(*start).substr(0, kSealMagic.size()))) {
      const std::uint64_t next = map_.chunks().size();
      const bool covered =
          std::any_of(tails_.begin(), tails_.end(), [next](const LeftTail& t) { return t.used && t.number == next; });
      return covered ? base::Status() : damaged("the recording ends in bytes that no tail accounts for");
    }
    const auto size = seal_size(*start);
    const bool torn = start->size() < kSealPrefixBytes || (size && *size > map_.unfinished());
    return torn ? base::Status() : damaged("the seal is damaged");
  }

  /// The tail of the last chunk is there: check_tails() found in it what is in the chunk.
  bool closing() const {
    const std::uint64_t next = map_.chunks().size();
    return std::any_of(tails_.begin(), tails_.end(),
                       [next](const LeftTail& t) { return t.used && t.number + 1 == next; });
  }

  /// The start of a seal, of which some bytes may not have reached the disk.
  static bool seal_or_nothing(base::ByteView start) {
    for (std::size_t i = 0; i < std::min(start.size(), kSealMagic.size()); ++i) {
      if (start[i] != 0 && start[i] != static_cast<std::uint8_t>(kSealMagic[i])) return false;
    }
    return true;
  }

  base::Result<RecoverOutcome> close_record(const Signer& signer, std::string_view reason, base::Micros now_us) {
    // A power cut from here on must not find a chunk half written and its tail lost.
    for (const LeftTail& tail : tails_) {
      if (!tail.used) continue;
      if (auto synced = sync_tail(tail); !synced) return pass(synced);
    }
    // On a full disk the reserved rest of the tails is the room that the record needs.
    for (const LeftTail& tail : tails_) {
      if (auto given = give_back_space(tail); !given) return pass(given);
    }
    if (map_.unfinished() != 0 && ::ftruncate(fd_.get(), static_cast<off_t>(map_.end())) != 0) {
      return base::fail_errno("cutting an unfinished append");
    }
    RecordFile file(std::move(fd_), map_.end(), map_.header_hash());
    for (const MappedChunk& chunk : map_.chunks()) file.adopt(chunk.head, chunk.offset);
    for (const LeftTail& tail : tails_) {
      if (!tail.used || tail.number < map_.chunks().size()) continue;
      if (auto done = append(file, tail); !done) return pass(done);
    }
    auto made = file.append_seal(SealState::truncated, {}, reason, now_us, signer);
    if (!made) return pass(made);
    outcome_.seal = *made;
    if (auto dropped = drop_tails(); !dropped) return pass(dropped);
    return std::move(outcome_);
  }

  base::Status append(RecordFile& file, const LeftTail& tail) {
    const base::ByteView bytes = tail.frames();
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
  base::Fd fd_;
  RecordMap map_;
  std::vector<LeftTail> tails_;
  RecoverOutcome outcome_;
};

/// Whether the file ends as a sealed one does.
bool ends_sealed(const std::string& path) {
  auto fd = open_regular(path, O_RDONLY);
  if (!fd) return false;
  auto size = file_size(fd->get());
  if (!size || *size < kTrailerBytes) return false;
  auto trailer = read_at(fd->get(), *size - kTrailerBytes, kTrailerBytes);
  return trailer && decode_trailer(*trailer);
}

}  // namespace

base::Result<std::vector<std::string>> find_unsealed(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  if (!dir) return base::fail_errno("opening " + directory);
  std::set<std::string> out;
  while (const dirent* e = ::readdir(dir.get())) {
    const std::string name = e->d_name;
    const std::string id = name.substr(0, kIdBytes);
    if (!base::is_id(id)) continue;
    const bool tail = name.ends_with(".tail");
    if (tail || (name == id + ".rec" && !ends_sealed(directory + "/" + name))) out.insert(id);
  }
  return std::vector<std::string>(out.begin(), out.end());
}

base::Result<RecoverOutcome> recover(const std::string& directory, const std::string& id, const Signer& signer,
                                     std::string_view reason, base::Micros now_us, const KnownRecord& known) {
  ready_crypto();
  if (!base::is_id(id)) return base::fail(base::Errc::invalid, "malformed session id");
  auto fd = open_regular(record_path(directory, id), O_RDWR);
  if (!fd && fd.error().code == base::Errc::not_found) {
    auto numbers = list_tails(directory, id);
    if (!numbers) return pass(numbers);
    if (!numbers->empty()) return base::fail(base::Errc::corrupt, "the recording is gone; a tail of it is left");
  }
  if (!fd) return pass(fd);
  auto tails = read_left_tails(directory, id);
  if (!tails) return pass(tails);
  auto size = file_size(fd->get());
  if (!size) return pass(size);
  if (*size < kHeaderBytes && tails->empty()) return base::fail(base::Errc::not_found, "the recording holds nothing");
  auto map = RecordMap::open(fd->get());
  if (!map) return pass(map);
  if (auto extended = map->extend(); !extended) return pass(extended);
  return Recovery(directory, id, std::move(*fd), std::move(*map), std::move(*tails)).run(known, signer, reason, now_us);
}

}  // namespace sallyport::recording
