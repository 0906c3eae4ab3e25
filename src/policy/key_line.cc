// SPDX-License-Identifier: Apache-2.0
// The shape of a public key line.
#include "policy/key_line.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/bytes.h"
#include "base/escape.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxLineBytes = 8 * 1024;
constexpr std::array<std::string_view, 7> kTypes = {"ssh-ed25519",
                                                    "ecdsa-sha2-nistp256",
                                                    "ecdsa-sha2-nistp384",
                                                    "ecdsa-sha2-nistp521",
                                                    "ssh-rsa",
                                                    "sk-ssh-ed25519@openssh.com",
                                                    "sk-ecdsa-sha2-nistp256@openssh.com"};

/// RFC 4253 §6.6: the blob opens with its type as a string, and something must follow.
bool names_type(const base::Bytes& blob, std::string_view type) {
  if (blob.size() <= 4 + type.size()) return false;
  const std::size_t length =
      (std::size_t{blob[0]} << 24) | (std::size_t{blob[1]} << 16) | (std::size_t{blob[2]} << 8) | std::size_t{blob[3]};
  return length == type.size() && base::text({blob.data() + 4, length}) == type;
}

}  // namespace

Status check_key_line(std::string_view line) {
  if (line.size() > kMaxLineBytes) return fail(Errc::invalid, "the key line is too long");
  const bool printable = base::is_utf8(line) && std::none_of(line.begin(), line.end(), [](char c) {
                           const auto u = static_cast<unsigned char>(c);
                           return u < 0x20 || u == 0x7f;
                         });
  if (!printable) return fail(Errc::invalid, "the key line holds control characters; write one key, on one line");
  const std::size_t space = line.find(' ');
  const std::string_view type = line.substr(0, space);
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    return fail(Errc::invalid,
                "a key line is 'TYPE BASE64 COMMENT' without options, where TYPE is ssh-ed25519, ecdsa-sha2-nistp256, "
                "-nistp384 or -nistp521, ssh-rsa, or one of OpenSSH's sk- types; copy the line of a .pub file");
  }
  if (space == std::string_view::npos) return fail(Errc::invalid, "the key line ends after its type");
  std::string_view encoded = line.substr(space + 1);
  encoded = encoded.substr(0, encoded.find(' '));
  const Result<base::Bytes> blob = base::from_base64(encoded);
  if (!blob || !names_type(*blob, type)) {
    return fail(Errc::invalid, "the key line is damaged: what follows " + std::string(type) +
                                   " is not such a key in base64; copy the whole line of the .pub file");
  }
  return {};
}

}  // namespace sallyport::policy
