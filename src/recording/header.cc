// SPDX-License-Identifier: Apache-2.0
// The head of ID.rec. Reads foreign bytes.
#include "recording/header.h"

#include <cassert>

#include "base/id.h"
#include "recording/crypto.h"
#include "recording/wire.h"

namespace sallyport::recording {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'S', 'P', 'R', 'E', 'C', 0, 0, 1};
constexpr std::string_view kSigned = "sallyport recording header v1";

base::Bytes signed_message(const Hash& hash) {
  base::Bytes message = base::to_bytes(kSigned);
  WireWriter(message).number(std::uint8_t{0}).raw(view(hash));
  return message;
}

base::Bytes encode_body(const Header& h) {
  base::Bytes out;
  out.reserve(kHeaderBytes);
  WireWriter(out)
      .raw(kMagic)
      .raw(base::view(h.id))
      .number(h.started_at_us)
      .raw(h.node)
      .raw(h.salt)
      .raw(h.session_commitment)
      .raw(h.input_commitment);
  return out;
}

}  // namespace

std::string record_path(const std::string& directory, const std::string& id) {
  return directory + "/" + id + ".rec";
}
std::string tail_path(const std::string& directory, const std::string& id, std::uint64_t number) {
  return directory + "/" + id + "." + std::to_string(number) + ".tail";
}
std::string keys_path(const std::string& directory, const std::string& id) {
  return directory + "/" + id + ".keys";
}

base::Result<base::Bytes> Header::encode_signed(const Signer& signer) {
  assert(id.size() == kIdBytes);
  node = signer.public_key();
  base::Bytes out = encode_body(*this);
  hash = recording::hash(HashOf::header, {out});
  hash_holds = true;
  auto made = signer.sign(signed_message(hash));
  if (!made) return pass(made);
  signature = *made;
  WireWriter(out).raw(hash).raw(signature);
  return out;
}

bool Header::signature_verified() const {
  return signature_holds(node, signed_message(hash), signature);
}

base::Result<Header> decode_header(base::ByteView bytes) {
  if (bytes.size() < kHeaderBytes) return base::fail(base::Errc::corrupt, "shorter than a header");
  WireReader in(bytes.first(kHeaderBytes));
  if (in.array<8>() != kMagic) return base::fail(base::Errc::corrupt, "not a Sallyport recording, version 1");
  Header h;
  h.id = base::to_text(in.raw(kIdBytes));
  if (!base::is_id(h.id)) return base::fail(base::Errc::corrupt, "malformed session id");
  h.started_at_us = in.number<base::Micros>();
  h.node = in.array<32>();
  h.salt = in.array<32>();
  h.session_commitment = in.array<32>();
  h.input_commitment = in.array<32>();
  h.hash = in.array<32>();
  h.signature = in.array<64>();
  assert(in.ok() && in.left() == 0);
  h.hash_holds = recording::hash(HashOf::header, {bytes.first(kHeaderBytes - 96)}) == h.hash;
  return h;
}

Hash commit_session_key(const Hash& salt, const base::SecretBytes& key) {
  return hash(HashOf::session_key, {view(salt), key.view()});
}

Hash commit_input_key(const Hash& salt, const base::SecretBytes& key) {
  return hash(HashOf::input_key, {view(salt), key.view()});
}

base::Status check_commitments(const Header& header, const ReadKeys& keys) {
  if (keys.session.size() != kKeyBytes || (!keys.input.empty() && keys.input.size() != kKeyBytes)) {
    return base::fail(base::Errc::invalid, "a recording key has 32 bytes");
  }
  if (commit_session_key(header.salt, keys.session) != header.session_commitment) {
    return base::fail(base::Errc::denied, "the session key is not the one this recording was made with");
  }
  if (!keys.input.empty() && commit_input_key(header.salt, keys.input) != header.input_commitment) {
    return base::fail(base::Errc::denied, "the input key is not the one this recording was made with");
  }
  return {};
}

}  // namespace sallyport::recording
