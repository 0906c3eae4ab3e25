// SPDX-License-Identifier: Apache-2.0
// Entries in order, from chunks where there are some, from tails where not yet. Reads foreign bytes: what does not open
// with the keys is damage, named and stepped over.
#include "recording/reader.h"

#include <algorithm>
#include <deque>

#include "recording/chunk.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/info.h"
#include "recording/record_map.h"

namespace sallyport::recording {
namespace {

/// A run of opened entries in the plaintext buffer.
struct Segment {
  std::uint64_t first_seq = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where frames being loaded stand, for naming what is wrong with them.
struct FramePlace {
  std::string name;
  std::uint64_t offset = 0;  ///< of the first frame in its file
  bool complete = false;     ///< nothing more will be written there
};

std::string at_offset(const std::string& what, std::uint64_t offset) {
  return what + " at offset " + std::to_string(offset);
}

}  // namespace

struct Reader::State {
  State(std::shared_ptr<const RecordSource> s, RecordMap m) : source(std::move(s)), map(std::move(m)) {}

  std::shared_ptr<const RecordSource> source;
  RecordMap map;
  RecordKeys keys;
  RecordInfo info;

  std::uint64_t chunk = 0;     // the number to read next
  std::uint64_t next_seq = 0;  // entries before this were given already
  std::deque<Damage> damage;
  base::Bytes plain;
  std::deque<Segment> segments;
  base::Bytes opened_input;

  base::Fd tail;
  std::size_t tail_offset = 0;  // behind the last frame given from it

  std::optional<ReadStep> pop();
  std::optional<ReadStep> give(const RawEntry& raw, std::uint64_t seq);
  std::uint64_t next_present() const;
  base::Result<bool> advance();
  base::Status load_chunk(const MappedChunk& mapped);
  bool open_walked(base::ByteView bytes, const FrameWalk& walk, std::size_t i, std::uint64_t number);
  void load_frames(base::ByteView bytes, const FrameWalk& walk, std::uint64_t number, const FramePlace& place);
  base::Result<bool> step_tail();
  base::Result<bool> read_tail(bool complete);
  base::Result<bool> tail_used(std::uint64_t number) const;
  void report(std::string where, std::string what) { damage.push_back({std::move(where), std::move(what)}); }
  void next_chunk() {
    ++chunk;
    tail.reset();
    tail_offset = 0;
  }
};

/// The next thing already at hand.
std::optional<ReadStep> Reader::State::pop() {
  if (!damage.empty()) {
    Damage d = std::move(damage.front());
    damage.pop_front();
    return d;
  }
  while (!segments.empty()) {
    Segment& s = segments.front();
    if (s.begin == s.end) {
      segments.pop_front();
      continue;
    }
    base::ByteView rest = base::ByteView(plain).subspan(s.begin, s.end - s.begin);
    auto raw = take_entry(rest);
    const std::uint64_t seq = s.first_seq++;
    if (!raw) {
      segments.pop_front();
      return Damage{"entry " + std::to_string(seq), raw.message()};
    }
    s.begin = s.end - rest.size();
    if (seq >= next_seq) return give(*raw, seq);
  }
  return std::nullopt;
}

std::optional<ReadStep> Reader::State::give(const RawEntry& raw, std::uint64_t seq) {
  next_seq = seq + 1;
  Entry entry{seq, raw.time_us, raw.kind, false, raw.body};
  if (raw.kind == EntryKind::plain) return entry;
  entry.hidden = keys.input.empty();
  entry.event = {};
  if (entry.hidden) return entry;
  if (!open_input(keys, map.header_hash(), seq, raw, opened_input)) {
    return Damage{"entry " + std::to_string(seq), "its input does not open with the input key"};
  }
  entry.event = opened_input;
  return entry;
}

base::Status Reader::State::load_chunk(const MappedChunk& mapped) {
  const ChunkHead& head = mapped.head;
  const std::string name = at_offset("chunk " + std::to_string(head.number), mapped.offset);
  const std::uint64_t body_offset = mapped.offset + kChunkHeadBytes;
  const std::uint64_t room = std::max(map.end_of(mapped), body_offset) - body_offset;
  auto body = read_at(source->record_fd(), body_offset, std::min<std::uint64_t>(room, head.body_bytes));
  if (!body) return pass(body);
  next_chunk();
  plain.clear();
  if (head.form == ChunkForm::verbatim) {
    load_frames(*body, walk_frames(*body, head.chain_in), head.number,
                {"chunk " + std::to_string(head.number), body_offset, true});
    tail_offset = 0;
  } else if (auto opened = open_packed(keys, map.header_hash(), head, *body, plain); !opened) {
    report(name, opened.message());
  } else {
    segments.push_back({head.first_seq, 0, plain.size()});
  }
  return {};
}

bool Reader::State::open_walked(base::ByteView bytes, const FrameWalk& walk, std::size_t i, std::uint64_t number) {
  const WalkedFrame& f = walk.frames[i];
  const base::ByteView frame = bytes.subspan(f.offset, f.size);
  if (open_frame(keys, {map.header_hash(), number, f.chain_before}, frame, plain)) return true;
  if (i == 0) return false;
  // When only the stored hash of the frame before is damaged, the computed one still opens this frame.
  const WalkedFrame& before = walk.frames[i - 1];
  const Hash chain = chain_frame(before.chain_before, bytes.subspan(before.offset, before.size - 32));
  return open_frame(keys, {map.header_hash(), number, chain}, frame, plain);
}

/// Opens what can be opened. Behind the last frame that opens nothing is reported unless the place is complete: a live
/// writer may be in the middle of a write there.
void Reader::State::load_frames(base::ByteView bytes, const FrameWalk& walk, std::uint64_t number,
                                const FramePlace& place) {
  std::vector<std::size_t> bad;
  std::size_t reached = tail_offset;
  for (std::size_t i = 0; i < walk.frames.size(); ++i) {
    const WalkedFrame& f = walk.frames[i];
    if (f.offset < tail_offset) continue;
    const std::size_t begin = plain.size();
    if (open_walked(bytes, walk, i, number)) {
      segments.push_back({f.head.first_seq, begin, plain.size()});
      reached = f.offset + f.size;
    } else {
      bad.push_back(i);
    }
  }
  for (const std::size_t i : bad) {
    const WalkedFrame& f = walk.frames[i];
    if (f.offset > reached && !place.complete) continue;
    report(at_offset(place.name + ", frame " + std::to_string(f.head.number), place.offset + f.offset),
           "does not open with the session key");
  }
  for (const auto& [offset, size] : walk.holes) {
    const bool torn_end = walk.torn && offset + size >= walk.used_bytes;
    if (offset < tail_offset || torn_end || (offset >= reached && !place.complete)) continue;
    report(at_offset(place.name, place.offset + offset), std::to_string(size) + " bytes that are no frame");
  }
  tail_offset = reached;
}

/// Whether a tail of this number has been begun.
base::Result<bool> Reader::State::tail_used(std::uint64_t number) const {
  auto fd = source->open_tail(number);
  if (!fd) {
    if (fd.error().code == base::Errc::not_found) return false;
    return pass(fd);
  }
  auto bytes = read_at(fd->get(), 0, kTailHeadBytes);
  if (!bytes) return pass(bytes);
  auto head = decode_tail_head(*bytes);
  return head && head->has_value();
}

/// Gives what is new in the current tail; complete: nothing more will come, so what is damaged at its end is reported.
base::Result<bool> Reader::State::read_tail(bool complete) {
  auto bytes = read_at(tail.get(), 0, kTailCapacityBytes);
  if (!bytes) return pass(bytes);
  const std::string name = "tail " + std::to_string(chunk);
  auto head = decode_tail_head(*bytes);
  const bool ours = head && head->has_value() && (*head)->number == chunk && (*head)->header_hash == map.header_hash();
  if (!ours) {
    if (complete) report(name, head ? "is not this recording's" : head.message());
    return complete;
  }
  const base::ByteView frames = base::ByteView(*bytes).subspan(kTailHeadBytes);
  plain.clear();
  segments.clear();
  load_frames(frames, walk_frames(frames, (*head)->chain_in), chunk, {name, kTailHeadBytes, complete});
  return !segments.empty() || !damage.empty();
}

base::Result<bool> Reader::State::step_tail() {
  // Asked before the tail is read: if the next one is begun, this one was whole by then.
  auto next_begun = tail_used(chunk + 1);
  if (!next_begun) return pass(next_begun);
  if (!tail) {
    auto fd = source->open_tail(chunk);
    if (fd) {
      tail = std::move(*fd);
    } else if (fd.error().code != base::Errc::not_found) {
      return pass(fd);
    }
  }
  if (tail) {
    auto news = read_tail(false);
    if (!news || *news) return news;
    if (!*next_begun) return false;
    if (auto rest = read_tail(true); !rest) return rest;
  } else {
    // It may have become a chunk since the record was looked at.
    if (auto extended = map.extend(); !extended) return pass(extended);
    if (map.find(chunk) != nullptr) return true;
    if (!*next_begun) return false;
    report("tail " + std::to_string(chunk), "missing");
  }
  next_chunk();
  return true;
}

/// Where reading goes on behind chunks that are missing: the next one that is there, or the end that the seal states.
/// The current number when none is known to be missing.
std::uint64_t Reader::State::next_present() const {
  std::uint64_t next = map.seal() ? map.seal()->index.size() : 0;
  if (const auto present = map.number_after(chunk); present && (next <= chunk || *present < next)) next = *present;
  return std::max(next, chunk);
}

/// Finds more; false when there is none now.
base::Result<bool> Reader::State::advance() {
  if (map.find(chunk) == nullptr) {
    if (auto extended = map.extend(); !extended) return pass(extended);
  }
  if (const MappedChunk* mapped = map.find(chunk)) {
    if (auto loaded = load_chunk(*mapped); !loaded) return pass(loaded);
    return true;
  }
  if (const std::uint64_t next = next_present(); next > chunk) {
    const std::string last = next == chunk + 1 ? "" : " to " + std::to_string(next - 1);
    report("chunk " + std::to_string(chunk) + last, "missing or damaged beyond recognition");
    chunk = next - 1;
    next_chunk();
    return true;
  }
  if (map.seal()) return false;
  return step_tail();
}

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() {
  if (state_) base::wipe(state_->plain.data(), state_->plain.size());
}

base::Result<Reader> Reader::open(std::shared_ptr<const RecordSource> source, ReadKeys keys) {
  ready_crypto();
  auto map = RecordMap::open(source->record_fd());
  if (!map) return pass(map);
  if (!map->header()) return base::fail(base::Errc::corrupt, "the recording's header: " + map->header_problem());
  if (auto ours = check_commitments(*map->header(), keys); !ours) return pass(ours);
  if (auto extended = map->extend(); !extended) return pass(extended);
  auto state = std::make_unique<State>(std::move(source), std::move(*map));
  state->keys = RecordKeys::derive(keys.session, keys.input);
  state->info = header_info(*state->map.header());
  state->info.bytes = state->map.size();
  if (!state->map.header_problem().empty()) state->report("header", state->map.header_problem());
  if (state->map.seal()) state->info.sealed = sealed_info(*state->map.seal());
  return Reader(std::move(state));
}

base::Result<ReadStep> Reader::next() {
  State& s = *state_;
  for (;;) {
    if (auto step = s.pop()) return std::move(*step);
    auto more = s.advance();
    if (!more) return pass(more);
    if (*more) continue;
    if (!s.map.seal()) return ReadStep(Waiting{});
    s.info.bytes = s.map.size();
    s.info.sealed = sealed_info(*s.map.seal());
    return ReadStep(End{});
  }
}

base::Status Reader::seek(base::Micros time_us) {
  State& s = *state_;
  if (auto extended = s.map.extend(); !extended) return extended;
  s.segments.clear();
  s.tail.reset();
  s.tail_offset = 0;
  s.chunk = 0;
  s.next_seq = 0;
  for (const MappedChunk& c : s.map.chunks()) {
    // A verbatim chunk states no times: it may hold anything.
    if (c.head.last_time_us >= time_us || c.head.last_time_us == 0) break;
    s.chunk = c.head.number + 1;
    s.next_seq = c.head.first_seq + c.head.entries;
  }
  return {};
}

const RecordInfo& Reader::info() const {
  return state_->info;
}

}  // namespace sallyport::recording
