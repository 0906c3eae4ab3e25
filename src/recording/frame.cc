// SPDX-License-Identifier: Apache-2.0
// Tail heads, frames and entries as bytes. Reads foreign bytes.
#include "recording/frame.h"

#include <algorithm>
#include <cassert>

#include "recording/wire.h"

namespace sallyport::recording {
namespace {

constexpr std::array<std::uint8_t, 8> kTailMagic = {'S', 'P', 'T', 'A', 'I', 'L', 0, 1};

using FrameAssociated = std::array<std::uint8_t, 32 + 8 + 32 + kFrameHeadBytes>;

FrameAssociated frame_associated(const FrameContext& context, const std::uint8_t* head) {
  FrameAssociated out;
  auto at = std::copy(context.header_hash.begin(), context.header_hash.end(), out.begin());
  put_le(&*at, context.tail);
  at = std::copy(context.chain.begin(), context.chain.end(), at + 8);
  std::copy(head, head + kFrameHeadBytes, at);
  return out;
}

std::array<std::uint8_t, 48> input_associated(const Hash& header_hash, std::uint64_t seq, base::Micros time_us) {
  std::array<std::uint8_t, 48> out;
  std::copy(header_hash.begin(), header_hash.end(), out.begin());
  put_le(out.data() + 32, seq);
  put_le(out.data() + 40, time_us);
  return out;
}

}  // namespace

base::Bytes encode_tail_head(const TailHead& head) {
  base::Bytes out;
  out.reserve(kTailHeadBytes);
  WireWriter w(out);
  w.raw(kTailMagic).raw(head.header_hash).number(head.number).raw(head.chain_in).number(head.first_seq);
  w.raw(hash(HashOf::tail_head, {out}));
  return out;
}

base::Result<std::optional<TailHead>> decode_tail_head(base::ByteView bytes) {
  if (bytes.size() < kTailHeadBytes) {
    // A tail whose space was never reserved whole: the writer died creating it.
    if (std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; })) return std::nullopt;
    return base::fail(base::Errc::corrupt, "shorter than a tail's head");
  }
  bytes = bytes.first(kTailHeadBytes);
  if (std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; })) return std::nullopt;
  const Hash sum = hash(HashOf::tail_head, {bytes.first(kTailHeadBytes - 32)});
  if (!std::equal(sum.begin(), sum.end(), bytes.end() - 32)) {
    return base::fail(base::Errc::corrupt, "head does not match its hash");
  }
  WireReader in(bytes);
  if (in.array<8>() != kTailMagic) return base::fail(base::Errc::corrupt, "not a tail, version 1");
  TailHead head;
  head.header_hash = in.array<32>();
  head.number = in.number<std::uint64_t>();
  head.chain_in = in.array<32>();
  head.first_seq = in.number<std::uint64_t>();
  return head;
}

void encode_frame_head(const FrameHead& head, std::uint8_t* out) {
  put_le(out, head.body_bytes);
  put_le(out + 4, head.number);
  put_le(out + 8, head.first_seq);
  put_le(out + 16, head.entries);
  put_le(out + 20, head.inputs);
}

FrameHead decode_frame_head(const std::uint8_t* in) {
  return {get_le<std::uint32_t>(in), get_le<std::uint32_t>(in + 4), get_le<std::uint64_t>(in + 8),
          get_le<std::uint32_t>(in + 16), get_le<std::uint32_t>(in + 20)};
}

Hash chain_frame(const Hash& before, base::ByteView head_and_body) {
  return hash(HashOf::frame, {view(before), head_and_body});
}

Hash seal_frame(const RecordKeys& keys, const FrameContext& context, const FrameHead& head,
                std::span<std::uint8_t> frame) {
  assert(frame.size() == kFrameHeadBytes + head.body_bytes + 32);
  encode_frame_head(head, frame.data());
  const FrameAssociated associated = frame_associated(context, frame.data());
  seal_in_place(keys.frame, make_nonce(NonceOf::frame, context.tail, head.number), associated,
                frame.data() + kFrameHeadBytes, head.body_bytes - kTagBytes);
  const Hash chain = chain_frame(context.chain, frame.first(frame.size() - 32));
  std::copy(chain.begin(), chain.end(), frame.end() - 32);
  return chain;
}

bool open_frame(const RecordKeys& keys, const FrameContext& context, base::ByteView frame, base::Bytes& out) {
  if (frame.size() < kFrameOverheadBytes) return false;
  const FrameHead head = decode_frame_head(frame.data());
  if (frame.size() != kFrameHeadBytes + static_cast<std::size_t>(head.body_bytes) + 32) return false;
  const FrameAssociated associated = frame_associated(context, frame.data());
  const std::size_t at = out.size();
  out.resize(at + head.body_bytes - kTagBytes);
  if (open_to(keys.frame, make_nonce(NonceOf::frame, context.tail, head.number), associated,
              frame.subspan(kFrameHeadBytes, head.body_bytes), out.data() + at)) {
    return true;
  }
  out.resize(at);
  return false;
}

base::Result<RawEntry> take_entry(base::ByteView& plain) {
  WireReader in(plain);
  RawEntry entry;
  const auto kind = in.number<std::uint8_t>();
  entry.time_us = in.number<base::Micros>();
  const auto size = in.number<std::uint32_t>();
  entry.body = in.raw(size);
  if (!in.ok() || (kind != 1 && kind != 2) || size > kMaxEventBytes + kTagBytes) {
    return base::fail(base::Errc::corrupt, "malformed entry");
  }
  entry.kind = static_cast<EntryKind>(kind);
  plain = plain.subspan(kEntryHeadBytes + size);
  return entry;
}

void append_entry_head(base::Bytes& out, EntryKind kind, base::Micros time_us, std::size_t body_bytes) {
  WireWriter(out)
      .number(static_cast<std::uint8_t>(kind))
      .number(time_us)
      .number(static_cast<std::uint32_t>(body_bytes));
}

void seal_input(const RecordKeys& keys, const Hash& header_hash, std::uint64_t seq, base::Micros time_us,
                base::Bytes& out, std::size_t event_bytes) {
  out.resize(out.size() + kTagBytes);
  seal_in_place(keys.input, make_nonce(NonceOf::input, seq, 0), input_associated(header_hash, seq, time_us),
                out.data() + out.size() - kTagBytes - event_bytes, event_bytes);
}

bool open_input(const RecordKeys& keys, const Hash& header_hash, std::uint64_t seq, const RawEntry& entry,
                base::Bytes& out) {
  if (entry.body.size() < kTagBytes) return false;
  out.resize(entry.body.size() - kTagBytes);
  return open_to(keys.input, make_nonce(NonceOf::input, seq, 0), input_associated(header_hash, seq, entry.time_us),
                 entry.body, out.data());
}

}  // namespace sallyport::recording
