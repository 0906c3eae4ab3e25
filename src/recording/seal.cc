// SPDX-License-Identifier: Apache-2.0
// The seal as bytes. Reads foreign bytes.
#include "recording/seal.h"

#include <cassert>

#include "recording/crypto.h"
#include "recording/frame.h"
#include "recording/wire.h"

namespace sallyport::recording {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'S', 'P', 'S', 'E', 'A', 'L', 0, 1};
constexpr std::array<std::uint8_t, 8> kTrailerMagic = {'S', 'P', 'E', 'N', 'D', 0, 0, 1};
constexpr std::string_view kSigned = "sallyport recording seal v1";
constexpr std::size_t kIndexEntryBytes = 5 * 8 + 32;

base::Bytes signed_message(const Hash& hash) {
  base::Bytes message = base::to_bytes(kSigned);
  WireWriter(message).number(std::uint8_t{0}).raw(hash);
  return message;
}

base::Bytes encode_fields(const Seal& s) {
  base::Bytes out;
  WireWriter w(out);
  w.raw(kMagic).number(std::uint32_t{0}).raw(s.header_hash).number(static_cast<std::uint8_t>(s.state));
  w.number(s.closed_at_us).number(s.totals.entries).number(s.totals.inputs).number(s.totals.event_bytes);
  w.number(s.totals.frames).number(s.totals.torn_bytes);
  w.number(s.totals.first_time_us).number(s.totals.last_time_us).raw(s.totals.last_head).raw(s.totals.chain_out);
  w.number(static_cast<std::uint32_t>(s.reason.size())).raw(base::view(s.reason));
  w.number(static_cast<std::uint32_t>(s.manifest.size())).raw(s.manifest);
  w.number(static_cast<std::uint32_t>(s.index.size()));
  for (const IndexEntry& e : s.index) {
    w.number(e.offset).number(e.total_bytes).number(e.first_seq);
    w.number(e.first_time_us).number(e.last_time_us).raw(e.head_hash);
  }
  put_le(out.data() + kMagic.size(), static_cast<std::uint32_t>(out.size() - kSealPrefixBytes));
  return out;
}

}  // namespace

IndexEntry index_entry(const ChunkHead& head, std::uint64_t offset) {
  return {offset, head.total_bytes(), head.first_seq, head.first_time_us, head.last_time_us, head.hash};
}

void Totals::add(const ChunkHead& head) {
  entries += head.entries;
  inputs += head.inputs;
  frames += head.frames;
  std::uint64_t overhead = head.entries * kEntryHeadBytes;
  if (head.form == ChunkForm::verbatim) {
    overhead += head.frames * kFrameOverheadBytes;
    torn_bytes += head.body_bytes - head.plain_bytes;
  }
  event_bytes += head.plain_bytes > overhead ? head.plain_bytes - overhead : 0;
  if (head.first_time_us != 0 && first_time_us == 0) first_time_us = head.first_time_us;
  if (head.last_time_us != 0) last_time_us = head.last_time_us;
  last_head = head.hash;
  chain_out = head.chain_out;
}

base::Result<base::Bytes> Seal::encode_signed(const Signer& signer, std::uint64_t offset) {
  if (reason.size() > kMaxReasonBytes || manifest.size() > kMaxManifestBytes || index.size() > kMaxChunks) {
    return base::fail(base::Errc::invalid, "the seal's reason, manifest or index is too long");
  }
  base::Bytes out = encode_fields(*this);
  hash = recording::hash(HashOf::seal, {out});
  auto made = signer.sign(signed_message(hash));
  if (!made) return pass(made);
  signature = *made;
  WireWriter(out).raw(hash).raw(signature).number(offset).raw(kTrailerMagic);
  total_bytes = out.size();
  return out;
}

bool Seal::signed_by(const PublicKey& node) const {
  return signature_holds(node, signed_message(hash), signature);
}

base::Result<std::size_t> seal_size(base::ByteView prefix) {
  WireReader in(prefix);
  if (in.array<8>() != kMagic) return base::fail(base::Errc::corrupt, "no seal");
  const std::size_t body = in.number<std::uint32_t>();
  if (!in.ok() || body > kMaxSealBytes) return base::fail(base::Errc::corrupt, "the seal states an impossible size");
  return kSealPrefixBytes + body + 32 + 64 + kTrailerBytes;
}

base::Result<Seal> decode_seal(base::ByteView bytes) {
  auto size = seal_size(bytes);
  if (!size) return pass(size);
  if (bytes.size() != *size) return base::fail(base::Errc::corrupt, "the seal is cut short");
  const base::ByteView hashed = bytes.first(bytes.size() - 32 - 64 - kTrailerBytes);
  WireReader in(bytes.subspan(kSealPrefixBytes));
  Seal s;
  s.total_bytes = *size;
  s.header_hash = in.array<32>();
  const auto state = in.number<std::uint8_t>();
  s.state = static_cast<SealState>(state);
  s.closed_at_us = in.number<base::Micros>();
  s.totals.entries = in.number<std::uint64_t>();
  s.totals.inputs = in.number<std::uint64_t>();
  s.totals.event_bytes = in.number<std::uint64_t>();
  s.totals.frames = in.number<std::uint64_t>();
  s.totals.torn_bytes = in.number<std::uint64_t>();
  s.totals.first_time_us = in.number<base::Micros>();
  s.totals.last_time_us = in.number<base::Micros>();
  s.totals.last_head = in.array<32>();
  s.totals.chain_out = in.array<32>();
  s.reason = base::to_text(in.raw(in.number<std::uint32_t>()));
  s.manifest = base::to_bytes(in.raw(in.number<std::uint32_t>()));
  const auto count = in.number<std::uint32_t>();
  if (!in.ok() || s.reason.size() > kMaxReasonBytes || s.manifest.size() > kMaxManifestBytes || count > kMaxChunks ||
      in.left() != count * kIndexEntryBytes + 32 + 64 + kTrailerBytes || (state != 1 && state != 2)) {
    return base::fail(base::Errc::corrupt, "the seal is malformed");
  }
  s.index.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    IndexEntry e;
    e.offset = in.number<std::uint64_t>();
    e.total_bytes = in.number<std::uint64_t>();
    e.first_seq = in.number<std::uint64_t>();
    e.first_time_us = in.number<base::Micros>();
    e.last_time_us = in.number<base::Micros>();
    e.head_hash = in.array<32>();
    s.index.push_back(e);
  }
  s.hash = in.array<32>();
  s.signature = in.array<64>();
  if (recording::hash(HashOf::seal, {hashed}) != s.hash) {
    return base::fail(base::Errc::corrupt, "the seal does not match its hash");
  }
  auto stated = decode_trailer(bytes.last(kTrailerBytes));
  if (!stated) return base::fail(base::Errc::corrupt, "the seal's trailer is damaged");
  s.stated_offset = *stated;
  return s;
}

base::Result<std::uint64_t> decode_trailer(base::ByteView bytes) {
  WireReader in(bytes);
  const auto offset = in.number<std::uint64_t>();
  if (in.array<8>() != kTrailerMagic) return base::fail(base::Errc::corrupt, "no trailer");
  return offset;
}

}  // namespace sallyport::recording
