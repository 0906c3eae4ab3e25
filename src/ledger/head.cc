// SPDX-License-Identifier: Apache-2.0
// Signed heads: their message and their JSON.
#include "ledger/head.h"

#include <sodium.h>

#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "ledger/chain.h"

namespace sallyport::ledger {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxHeadBytes = 4096;

void put_u64(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::string text_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

Bytes head_message(Says says, std::int64_t seq, base::Micros time_us, ByteView chain) {
  // The first words keep this signature from being taken for one over anything else.
  Bytes out = base::to_bytes(says == Says::ends ? "sallyport audit end 1\n" : "sallyport audit head 1\n");
  put_u64(out, static_cast<std::uint64_t>(seq));
  put_u64(out, static_cast<std::uint64_t>(time_us));
  out.insert(out.end(), chain.begin(), chain.end());
  return out;
}

bool signature_holds(const Head& head, Says says) {
  if (head.chain.size() != kHashBytes || head.public_key.size() != crypto_sign_PUBLICKEYBYTES ||
      head.signature.size() != crypto_sign_BYTES) {
    return false;
  }
  const Bytes message = head_message(says, head.seq, head.time_us, head.chain);
  return crypto_sign_verify_detached(head.signature.data(), message.data(), message.size(), head.public_key.data()) ==
         0;
}

std::string to_json(const Head& head) {
  return json{{"seq", head.seq},
              {"time", base::to_rfc3339(head.time_us)},
              {"chain", base::to_hex(head.chain)},
              {"public_key", base::to_base64(head.public_key)},
              {"signature", base::to_base64(head.signature)}}
      .dump();
}

Result<Head> head_from_json(std::string_view text) {
  if (text.size() > kMaxHeadBytes) return fail(Errc::invalid, "audit head: too long");
  const json object = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Errc::invalid, "audit head: not a JSON object");
  Head out;
  const auto seq = object.find("seq");
  if (seq != object.end() && seq->is_number_integer()) out.seq = seq->get<std::int64_t>();
  const Result<base::Micros> time = base::from_rfc3339(text_of(object, "time"));
  Result<Bytes> chain = base::from_hex(text_of(object, "chain"));
  Result<Bytes> key = base::from_base64(text_of(object, "public_key"));
  Result<Bytes> signature = base::from_base64(text_of(object, "signature"));
  if (out.seq < 1 || !time || !chain || chain->size() != kHashBytes || !key || key->size() != 32 || !signature ||
      signature->size() != 64) {
    return fail(Errc::invalid, "audit head: seq, time, chain, public_key or signature is missing or malformed");
  }
  out.time_us = *time;
  out.chain = std::move(*chain);
  out.public_key = std::move(*key);
  out.signature = std::move(*signature);
  return out;
}

}  // namespace sallyport::ledger
