// SPDX-License-Identifier: Apache-2.0
// Armour of private key files.
#include "keys/pem_armor.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace sallyport::keys {

using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;

namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kLineChars = 70;
constexpr std::size_t kMaxLabelBytes = 32;

struct Block {
  std::string_view label;
  std::string_view body;
};

/// Finds a whole block at or after `from`, whose label ends in PRIVATE KEY.
Result<Block> find_block(std::string_view text) {
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    std::string_view rest = text.substr(at + kBegin.size());
    const std::size_t label_end = rest.substr(0, kMaxLabelBytes + kDashes.size()).find(kDashes);
    if (label_end == std::string_view::npos) continue;
    const std::string_view label = rest.substr(0, label_end);
    if (!label.ends_with("PRIVATE KEY")) continue;
    rest = rest.substr(label_end + kDashes.size());
    const std::size_t end = rest.find(kEnd);
    if (end == std::string_view::npos || !rest.substr(end + kEnd.size()).starts_with(label)) {
      return fail(Errc::invalid, "private key is cut short");
    }
    return Block{label, rest.substr(0, end)};
  }
  return fail(Errc::invalid, "no private key found: it begins with -----BEGIN … PRIVATE KEY-----");
}

}  // namespace

base::Error encrypted_key_error() {
  return {Errc::denied, "the private key is encrypted; decrypt it first with: ssh-keygen -p -N '' -f FILE"};
}

Result<ArmoredKey> read_armor(std::string_view text) {
  const Result<Block> block = find_block(text);
  if (!block) return tl::unexpected<base::Error>(block.error());
  // RFC 1421 headers stand only in encrypted traditional files (Proc-Type, DEK-Info).
  if (block->label == "ENCRYPTED PRIVATE KEY" || block->body.find("ENCRYPTED") != std::string_view::npos) {
    return tl::unexpected<base::Error>(encrypted_key_error());
  }
  SecretBytes decoded(block->body.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(decoded.data(), decoded.size(), block->body.data(), block->body.size(), " \t\r\n", &size, &end,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != block->body.data() + block->body.size()) {
    return fail(Errc::invalid, "private key is not base64");
  }
  return ArmoredKey{std::string(block->label), SecretBytes(decoded.view().first(size))};
}

SecretBytes write_armor(std::string_view label, base::ByteView body) {
  SecretBytes encoded(sodium_base64_encoded_len(body.size(), sodium_base64_VARIANT_ORIGINAL));
  sodium_bin2base64(reinterpret_cast<char*>(encoded.data()), encoded.size(), body.data(), body.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  const std::size_t chars = encoded.size() - 1;  // without the terminating NUL
  const std::string head = std::string(kBegin).append(label).append(kDashes).append("\n");
  const std::string tail = std::string(kEnd).append(label).append(kDashes).append("\n");
  SecretBytes out(head.size() + chars + (chars + kLineChars - 1) / kLineChars + tail.size());
  std::uint8_t* at = std::copy(head.begin(), head.end(), out.data());
  for (std::size_t i = 0; i < chars; i += kLineChars) {
    at = std::copy_n(encoded.data() + i, std::min(kLineChars, chars - i), at);
    *at++ = '\n';
  }
  std::copy(tail.begin(), tail.end(), at);
  return out;
}

}  // namespace sallyport::keys
