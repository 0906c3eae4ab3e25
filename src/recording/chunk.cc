// SPDX-License-Identifier: Apache-2.0
// Chunk heads and bodies as bytes. Reads foreign bytes.
#include "recording/chunk.h"

#include <algorithm>
#include <cassert>

#include "recording/wire.h"

namespace sallyport::recording {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'S', 'P', 'C', 'H', 'U', 'N', 'K', 1};
// Where the fields end that are known before the body is sealed; the body's size, hashes and chain follow.
constexpr std::size_t kAssociatedBytes = 8 + 1 + 4 * 8 + 4 + 2 * 8 + 2 * 32 + 4;

void append_fields(base::Bytes& out, const ChunkHead& h) {
  WireWriter(out)
      .raw(kMagic)
      .number(static_cast<std::uint8_t>(h.form))
      .number(h.number)
      .number(h.first_seq)
      .number(h.entries)
      .number(h.inputs)
      .number(h.frames)
      .number(h.first_time_us)
      .number(h.last_time_us)
      .raw(h.chain_in)
      .raw(h.chain_out)
      .number(h.plain_bytes);
}

base::Bytes associated(const Hash& header_hash, const ChunkHead& h) {
  base::Bytes out;
  out.reserve(32 + kAssociatedBytes + 32);
  WireWriter(out).raw(header_hash);
  append_fields(out, h);
  WireWriter(out).raw(h.previous_head);
  return out;
}

}  // namespace

base::Bytes encode_chunk_head(ChunkHead& head) {
  base::Bytes out;
  out.reserve(kChunkHeadBytes);
  append_fields(out, head);
  WireWriter(out).number(head.body_bytes).raw(head.previous_head).raw(head.body_hash);
  head.hash = hash(HashOf::chunk_head, {out});
  WireWriter(out).raw(head.hash);
  assert(out.size() == kChunkHeadBytes);
  return out;
}

base::Result<ChunkHead> decode_chunk_head(base::ByteView bytes) {
  if (bytes.size() < kChunkHeadBytes) return base::fail(base::Errc::corrupt, "shorter than a chunk head");
  WireReader in(bytes.first(kChunkHeadBytes));
  if (in.array<8>() != kMagic) return base::fail(base::Errc::corrupt, "no chunk head");
  ChunkHead h;
  const auto form = in.number<std::uint8_t>();
  h.form = static_cast<ChunkForm>(form);
  h.number = in.number<std::uint64_t>();
  h.first_seq = in.number<std::uint64_t>();
  h.entries = in.number<std::uint64_t>();
  h.inputs = in.number<std::uint64_t>();
  h.frames = in.number<std::uint32_t>();
  h.first_time_us = in.number<base::Micros>();
  h.last_time_us = in.number<base::Micros>();
  h.chain_in = in.array<32>();
  h.chain_out = in.array<32>();
  h.plain_bytes = in.number<std::uint32_t>();
  h.body_bytes = in.number<std::uint32_t>();
  h.previous_head = in.array<32>();
  h.body_hash = in.array<32>();
  h.hash = in.array<32>();
  if (hash(HashOf::chunk_head, {bytes.first(kChunkHeadBytes - 32)}) != h.hash) {
    return base::fail(base::Errc::corrupt, "head does not match its hash");
  }
  const bool bounded = (form == 1 || form == 2) && h.body_bytes <= kMaxChunkBodyBytes &&
                       h.plain_bytes <= kMaxChunkPlainBytes && h.number < kMaxChunks && h.inputs <= h.entries &&
                       h.entries <= (1U << 30) && (h.form == ChunkForm::packed || h.plain_bytes <= h.body_bytes);
  if (!bounded) return base::fail(base::Errc::corrupt, "head breaks the format's bounds");
  return h;
}

Hash hash_body(base::ByteView body) {
  return hash(HashOf::body, {body});
}

base::Status seal_packed(const RecordKeys& keys, const Hash& header_hash, ChunkHead& head, Compressor& compressor) {
  if (auto done = compressor.compress(compressor.plain, compressor.packed); !done) return done;
  base::Bytes& body = compressor.packed;
  const std::size_t size = body.size();
  body.resize(size + kTagBytes);
  head.form = ChunkForm::packed;
  head.plain_bytes = static_cast<std::uint32_t>(compressor.plain.size());
  seal_in_place(keys.chunk, make_nonce(NonceOf::chunk, head.number, 0), associated(header_hash, head), body.data(),
                size);
  head.body_bytes = static_cast<std::uint32_t>(body.size());
  head.body_hash = hash_body(body);
  assert(body.size() <= kMaxChunkBodyBytes);
  return {};
}

base::Status open_packed(const RecordKeys& keys, const Hash& header_hash, const ChunkHead& head, base::ByteView body,
                         base::Bytes& plain) {
  if (body.size() < kTagBytes || body.size() != head.body_bytes) {
    return base::fail(base::Errc::corrupt, "body is shorter than its head says");
  }
  base::Bytes packed(body.size() - kTagBytes);
  if (!open_to(keys.chunk, make_nonce(NonceOf::chunk, head.number, 0), associated(header_hash, head), body,
               packed.data())) {
    return base::fail(base::Errc::corrupt, "does not open with the session key");
  }
  if (auto done = decompress(packed, kMaxChunkPlainBytes, plain); !done) return done;
  if (plain.size() != head.plain_bytes) return base::fail(base::Errc::corrupt, "unpacks to another size than stated");
  return {};
}

}  // namespace sallyport::recording
