// SPDX-License-Identifier: Apache-2.0
// The part of a verification that looks inside chunks and tails. Reads foreign bytes.
#include "recording/content_check.h"

#include <set>

namespace sallyport::recording {

void ContentCheck::holes(const FramesPlace& where, const FrameWalk& walk, TornEnd torn) {
  std::size_t before = 0;  // both are in the order of the file
  for (const auto& [offset, size] : walk.holes) {
    while (before < walk.frames.size() && walk.frames[before].offset < offset) ++before;
    const std::string at = place(where.name, where.offset + offset);
    if (walk.torn && torn == TornEnd::possible && offset + size >= walk.used_bytes) {
      findings_.note(at, std::to_string(size) + " bytes of a write that never completed, so was never forwarded");
      continue;
    }
    const std::uint32_t expected = before == 0 ? 0 : walk.frames[before - 1].head.number + 1;
    findings_.fault(place(where.name + ", frame " + std::to_string(expected), where.offset + offset),
                    "damaged: " + std::to_string(size) + " bytes that are no frame");
  }
}

void ContentCheck::frames(const FramesPlace& where, const FrameWalk& walk, TornEnd torn) {
  std::set<std::uint32_t> seen;
  std::uint32_t expected = 0;
  for (const WalkedFrame& f : walk.frames) {
    const std::uint32_t number = f.head.number;
    const std::string at = place(where.name + ", frame " + std::to_string(number), where.offset + f.offset);
    const std::string successor = std::to_string(expected);
    if (seen.contains(number)) {
      findings_.fault(at, "duplicate of frame " + std::to_string(number));
      continue;
    }
    if (number > expected) findings_.fault(at, "stands where frame " + successor + " was expected");
    if (number < expected) findings_.fault(at, "out of order: frame " + successor + " was expected");
    if (number == expected && f.fault != WalkedFrame::Fault::none) {
      findings_.fault(at, f.fault == WalkedFrame::Fault::altered
                              ? "altered: does not match its hash after the frame before"
                              : "does not continue the frame before");
    }
    seen.insert(number);
    expected = number + 1;
  }
  holes(where, walk, torn);
  std::uint32_t next = 0;
  for (const std::uint32_t number : seen) {
    if (number > next) {
      findings_.fault(where.name + ", frame " + std::to_string(next),
                      number == next + 1 ? "missing or damaged"
                                         : "missing or damaged, with all up to frame " + std::to_string(number - 1));
    }
    next = number + 1;
  }
}

std::optional<ContentCheck::Counted> ContentCheck::read_entries(const std::string& where, std::uint64_t first_seq,
                                                                base::ByteView plain) {
  Counted counted;
  base::Bytes opened;
  while (!plain.empty()) {
    auto entry = take_entry(plain);
    const std::uint64_t seq = first_seq + counted.entries;
    if (!entry) {
      findings_.fault(where, "entry " + std::to_string(seq) + " is malformed");
      return std::nullopt;
    }
    if (entry->kind == EntryKind::input) {
      ++counted.inputs;
      if (!keys_->input.empty() && !open_input(*keys_, header_hash_, seq, *entry, opened)) {
        findings_.fault(where, "the input of entry " + std::to_string(seq) + " does not open with the input key");
      }
    }
    if (counted.entries++ == 0) counted.first_time_us = entry->time_us;
    counted.last_time_us = entry->time_us;
  }
  base::wipe(opened.data(), opened.size());
  return counted;
}

void ContentCheck::open_frames(const FramesPlace& where, base::ByteView bytes, const FrameWalk& walk) {
  if (keys_ == nullptr) return;
  base::Bytes plain;
  for (const WalkedFrame& f : walk.frames) {
    const std::string at = place(where.name + ", frame " + std::to_string(f.head.number), where.offset + f.offset);
    plain.clear();
    if (!open_frame(*keys_, {header_hash_, where.number, f.chain_before}, bytes.subspan(f.offset, f.size), plain)) {
      findings_.fault(at, "does not open with the session key");
      continue;
    }
    const auto counted = read_entries(at, f.head.first_seq, plain);
    if (counted && (counted->entries != f.head.entries || counted->inputs != f.head.inputs)) {
      findings_.fault(at, "does not hold the entries that its head counts");
    }
  }
  base::wipe(plain.data(), plain.size());
}

void ContentCheck::open_chunk(const std::string& where, const ChunkHead& head, base::ByteView body) {
  if (keys_ == nullptr) return;
  base::Bytes plain;
  if (auto opened = open_packed(*keys_, header_hash_, head, body, plain); !opened) {
    findings_.fault(where, opened.message());
    return;
  }
  const auto counted = read_entries(where, head.first_seq, plain);
  if (counted && (counted->entries != head.entries || counted->inputs != head.inputs ||
                  counted->first_time_us != head.first_time_us || counted->last_time_us != head.last_time_us)) {
    findings_.fault(where, "does not hold the entries that its head counts");
  }
  base::wipe(plain.data(), plain.size());
}

}  // namespace sallyport::recording
