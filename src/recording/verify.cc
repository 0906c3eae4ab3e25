// SPDX-License-Identifier: Apache-2.0
// Proves a record, or names what is wrong with it. Reads foreign bytes; nothing it says depends on a check it skipped.
#include "recording/verify.h"

#include <algorithm>

#include "recording/content_check.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/info.h"
#include "recording/verifier.h"

namespace sallyport::recording {

void Verifier::check_header() {
  const auto& header = map_.header();
  if (!map_.header_problem().empty()) findings_.fault("header", map_.header_problem());
  if (!header) return;
  report_.info = header_info(*header);
  if (!header->signature_verified()) findings_.fault("header", "the node's signature does not hold");
  if (!options_.expected_id.empty() && header->id != options_.expected_id) {
    findings_.fault("header", "names another session: " + header->id);
  }
  if (options_.known_header && *options_.known_header != header->hash) {
    findings_.fault("header", "is not the one that the audit log knows");
  }
  const auto& trusted = options_.trusted_nodes;
  report_.signer_trusted = std::find(trusted.begin(), trusted.end(), header->node) != trusted.end();
  if (!report_.signer_trusted) {
    if (trusted.empty()) {
      findings_.note("header", "no trusted node key was given: the signer is not proved");
    } else {
      findings_.fault("header", "signed by a node that is not trusted");
    }
  }
  if (options_.keys != nullptr) {
    if (auto ours = check_commitments(*header, *options_.keys); ours) {
      keys_ = RecordKeys::derive(options_.keys->session, options_.keys->input);
      report_.opened = true;
    } else {
      findings_.fault("header", ours.message());
    }
  }
}

base::Status Verifier::check_chunks() {
  chain_ = map_.header_hash();
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < map_.chunks().size(); ++i) {
    const MappedChunk& chunk = map_.chunks()[i];
    const std::uint64_t number = chunk.head.number;
    const std::string at = place(chunk_name(number), chunk.offset);
    if (!seen_.insert(number).second) {
      findings_.fault(at, "duplicate of " + chunk_name(number));
      continue;
    }
    if (number > expected) findings_.fault(at, "stands where " + chunk_name(expected) + " was expected");
    if (number < expected) findings_.fault(at, "out of order: " + chunk_name(expected) + " was expected");
    check_links(chunk, at);
    if (auto done = check_body(i, at); !done) return done;
    expected = number + 1;
    if (number >= next_number_) {
      next_number_ = number + 1;
      chain_ = chunk.head.chain_out;
      next_seq_ = chunk.head.first_seq + chunk.head.entries;
    }
    ++report_.chunks;
    report_.entries += chunk.head.entries;
  }
  for (const Hole& hole : map_.holes()) {
    const std::uint64_t number = hole.chunks_before == 0 ? 0 : map_.chunks()[hole.chunks_before - 1].head.number + 1;
    findings_.fault(place(seen_.contains(number) ? "between chunks" : chunk_name(number), hole.offset),
                    "damaged: " + std::to_string(hole.size) + " bytes that are no chunk");
  }
  return {};
}

void Verifier::check_links(const MappedChunk& chunk, const std::string& at) {
  const ChunkHead& head = chunk.head;
  if (head.number == 0) {
    if (head.previous_head != map_.header_hash() || head.chain_in != map_.header_hash() || head.first_seq != 0) {
      findings_.fault(at, "does not continue the header: it is another recording's, or altered");
    }
    return;
  }
  const MappedChunk* before = map_.find(head.number - 1);
  if (before == nullptr) return;  // missing: reported as such
  if (head.previous_head != before->head.hash) {
    findings_.fault(at, "does not continue " + chunk_name(head.number - 1));
  } else if (head.chain_in != before->head.chain_out ||
             head.first_seq != before->head.first_seq + before->head.entries) {
    findings_.fault(at, "frames between it and " + chunk_name(head.number - 1) + " are missing");
  }
}

base::Status Verifier::check_body(std::size_t i, const std::string& at) {
  const MappedChunk& chunk = map_.chunks()[i];
  // What the next chunk stands in is read as that one's: bodies that overlap cost no more than the file is long.
  const std::uint64_t begin = chunk.offset + kChunkHeadBytes;
  const std::uint64_t room = std::max(map_.end_of(chunk), begin) - begin;
  auto body = read_at(source_.record_fd(), begin, std::min<std::uint64_t>(room, chunk.head.body_bytes));
  if (!body) return pass(body);
  const bool intact = body->size() == chunk.head.body_bytes && hash_body(*body) == chunk.head.body_hash;
  if (!intact) {
    findings_.fault(at, "body does not match its hash");
    const std::uint64_t end = chunk.offset + chunk.head.total_bytes();
    if (begin + room < end)
      findings_.fault(at, std::to_string(end - begin - room) + " bytes are missing from its body");
  }
  if (chunk.head.form == ChunkForm::verbatim) {
    check_verbatim(chunk, *body, at, intact);
  } else if (intact && keys_) {
    ContentCheck(findings_, &*keys_, map_.header_hash()).open_chunk(at, chunk.head, *body);
  }
  return {};
}

void Verifier::check_verbatim(const MappedChunk& chunk, base::ByteView body, const std::string& at, bool intact) {
  const FramesPlace where{chunk_name(chunk.head.number), chunk.head.number, chunk.offset + kChunkHeadBytes};
  const FrameWalk walk = walk_frames(body, chunk.head.chain_in);
  ContentCheck check(findings_, keys_ ? &*keys_ : nullptr, map_.header_hash());
  check.frames(where, walk, TornEnd::possible);
  std::uint64_t entries = 0;
  std::uint64_t inputs = 0;
  for (std::size_t i = 0; i < walk.valid_frames; ++i) {
    entries += walk.frames[i].head.entries;
    inputs += walk.frames[i].head.inputs;
  }
  const ChunkHead& head = chunk.head;
  if (intact && (walk.valid_frames != head.frames || walk.valid_bytes != head.plain_bytes ||
                 walk.chain_out != head.chain_out || entries != head.entries || inputs != head.inputs)) {
    findings_.fault(at, "does not hold the frames that its head counts");
  }
  check.open_frames(where, body, walk);
}

void Verifier::check_missing_chunks() {
  std::uint64_t count = next_number_;
  if (map_.seal()) count = std::max<std::uint64_t>(count, map_.seal()->index.size());
  std::uint64_t next = 0;
  const auto missing = [this](std::uint64_t from, std::uint64_t to) {
    findings_.fault(chunk_name(from), to == from + 1 ? std::string("missing or damaged beyond recognition")
                                                     : "missing, with all up to " + chunk_name(to - 1));
  };
  for (const std::uint64_t number : seen_) {
    if (number > next) missing(next, number);
    next = number + 1;
  }
  if (next < count) missing(next, count);
}

void Verifier::check_known_chunks() {
  for (const ChunkMark& known : options_.known_chunks) {
    const MappedChunk* chunk = map_.find(known.number);
    if (chunk == nullptr) {
      if (!findings_.full()) findings_.fault(chunk_name(known.number), "missing: the audit log knows of it");
    } else if (chunk->head.hash != known.head_hash) {
      findings_.fault(place(chunk_name(known.number), chunk->offset), "is not the one that the audit log knows");
    }
  }
}

void Verifier::check_seal() {
  const auto& seal = map_.seal();
  if (options_.other_seals != 0) {
    findings_.fault("seal", "the audit log knows of " + std::to_string(options_.other_seals + 1) +
                                " different seals: the record was sealed again after its end");
  }
  if (!seal) {
    if (options_.known_seal) findings_.fault("seal", "missing: the audit log knows of one");
    return;
  }
  const std::string at = place("seal", map_.seal_offset());
  if (report_.info) report_.info->sealed = sealed_info(*seal);
  if (seal->header_hash != map_.header_hash()) findings_.fault(at, "is another recording's, or the header is altered");
  if (map_.header() && !seal->signed_by(map_.header()->node)) {
    findings_.fault(at, "the node's signature does not hold");
  }
  if (seal->stated_offset != map_.seal_offset()) {
    findings_.fault(at, "was made for offset " + std::to_string(seal->stated_offset));
  }
  if (options_.known_seal && *options_.known_seal != seal->hash) {
    findings_.fault(at, "is not the one that the audit log knows");
  }
  if (seal->state == SealState::truncated) {
    findings_.note(at, "the record was cut and sealed by a recovery: " + seal->reason);
  }
  check_index(at);
}

void Verifier::check_index(const std::string& at) {
  const Seal& seal = *map_.seal();
  Totals totals;
  totals.last_head = map_.header_hash();
  totals.chain_out = map_.header_hash();
  for (std::size_t i = 0; i < seal.index.size() && !findings_.full(); ++i) {
    const MappedChunk* chunk = map_.find(i);
    if (chunk == nullptr) continue;  // missing: reported as such
    totals.add(chunk->head);
    const IndexEntry& stated = seal.index[i];
    if (stated.head_hash != chunk->head.hash) {
      findings_.fault(place(chunk_name(i), chunk->offset), "is not the one that was sealed");
    } else if (stated.offset != chunk->offset) {
      findings_.fault(place(chunk_name(i), chunk->offset),
                      "stands elsewhere than it was sealed: at offset " + std::to_string(stated.offset));
    } else if (!(stated == index_entry(chunk->head, chunk->offset))) {
      findings_.fault(at, "its index misstates " + chunk_name(i));
    }
  }
  for (auto it = seen_.lower_bound(seal.index.size()); it != seen_.end(); ++it) {
    findings_.fault(chunk_name(*it), "is not in the seal's index");
  }
  const Totals& t = seal.totals;
  const bool same = t.entries == totals.entries && t.inputs == totals.inputs && t.event_bytes == totals.event_bytes &&
                    t.frames == totals.frames && t.torn_bytes == totals.torn_bytes &&
                    t.first_time_us == totals.first_time_us && t.last_time_us == totals.last_time_us &&
                    t.last_head == totals.last_head && t.chain_out == totals.chain_out;
  if (!same) findings_.fault(at, "its counts or chain are not those of the chunks");
}

base::Status Verifier::check_end() {
  const std::string at = place("end", map_.end());
  const std::string bytes = std::to_string(map_.unfinished()) + " bytes ";
  if (map_.seal()) {
    if (map_.unfinished() > 0) findings_.fault(at, bytes + "behind the seal");
    return {};
  }
  if (map_.unfinished() > 0) {
    auto start = read_at(source_.record_fd(), map_.end(), 8);
    if (!start) return pass(start);
    auto trailer =
        read_at(source_.record_fd(), map_.size() - std::min<std::uint64_t>(map_.size(), kTrailerBytes), kTrailerBytes);
    if (!trailer) return pass(trailer);
    const auto size = seal_size(*start);
    if (closing_ && std::string_view("SPSEAL").starts_with(base::text(*start).substr(0, 6)) &&
        !decode_trailer(*trailer) && (!size || *size > map_.unfinished())) {
      findings_.note(at, bytes + "of a seal's append that has not completed; the last tail is there");
    } else if (size.has_value() || base::text(*start).starts_with("SPSEAL") || decode_trailer(*trailer)) {
      findings_.fault(place("seal", map_.end()), "damaged or cut");
    } else if (covered_) {
      findings_.note(at, bytes + "of a chunk's append that has not completed; its tail is there");
    } else {
      findings_.fault(place(chunk_name(next_number_), map_.end()), "damaged or cut: " + bytes + "that are no chunk");
    }
  }
  if (!current_tail_ && !closing_) {
    findings_.fault(at, "neither a seal nor a tail: the record was cut here");
  }
  return {};
}

void Verifier::finish() {
  if (report_.info) {
    report_.info->bytes = map_.size();
    report_.state = VerifyReport::State::live;
  }
  if (map_.seal()) {
    report_.state =
        map_.seal()->state == SealState::complete ? VerifyReport::State::sealed : VerifyReport::State::truncated;
  }
}

bool VerifyReport::sound() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& f) { return f.severity == Finding::Severity::fault; });
}

base::Result<VerifyReport> verify(const RecordSource& source, const VerifyOptions& options) {
  ready_crypto();
  auto map = RecordMap::open(source.record_fd());
  if (!map) return pass(map);
  if (auto extended = map->extend(options.record_bytes); !extended) return pass(extended);
  return Verifier(source, options, std::move(*map)).run();
}

std::vector<Finding> verify_key_file(base::ByteView keys_file, const std::optional<Hash>& known) {
  ready_crypto();
  std::vector<Finding> out;
  if (auto entries = list_key_file(keys_file); !entries) {
    Findings(out).fault("keys", entries.message());
  } else if (entries->empty()) {
    Findings(out).note("keys", "wrapped to nobody: the recording can never be opened");
  }
  if (known && key_file_checksum(keys_file) != *known) {
    Findings(out).fault("keys", "key file: is not the one that the audit log knows");
  }
  return out;
}

}  // namespace sallyport::recording
