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

bool is_type(std::string_view word) {
  return std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end();
}

/// "|1|SALT|HASH": two values of 20 bytes each, as HashKnownHosts writes them.
bool is_hashed_host(std::string_view host) {
  constexpr std::string_view kMagic = "|1|";
  constexpr std::size_t kHashBytes = 20;
  if (!host.starts_with(kMagic)) return false;
  host.remove_prefix(kMagic.size());
  const std::size_t bar = host.find('|');
  if (bar == std::string_view::npos) return false;
  const Result<base::Bytes> salt = base::from_base64(host.substr(0, bar));
  const Result<base::Bytes> hash = base::from_base64(host.substr(bar + 1));
  return salt && hash && salt->size() == kHashBytes && hash->size() == kHashBytes;
}

/// A name or an address, or a pattern of them, or one of these as "[HOST]:PORT" (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
bool is_plain_host(std::string_view host) {
  if (host.starts_with('!')) host.remove_prefix(1);
  if (host.starts_with('[')) {
    const std::size_t end = host.find("]:");
    if (end == std::string_view::npos) return false;
    const std::string_view port = host.substr(end + 2);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
    host = host.substr(1, end - 1);
  }
  constexpr std::size_t kMaxHostBytes = 255;
  return !host.empty() && host.size() <= kMaxHostBytes && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '%' || c == '*' || c == '?';
  });
}

bool are_hosts(std::string_view field) {
  if (field.starts_with('|')) return is_hashed_host(field);
  for (std::size_t from = 0; from <= field.size();) {
    const std::size_t comma = std::min(field.find(',', from), field.size());
    if (!is_plain_host(field.substr(from, comma - from))) return false;
    from = comma + 1;
  }
  return true;
}

}  // namespace

Result<std::string_view> without_hosts(std::string_view line) {
  if (line.starts_with('#')) return fail(Errc::invalid, "this is a comment of ssh-keyscan, not a key: leave it out");
  if (line.starts_with('@')) {
    return fail(
        Errc::invalid,
        "a line with a marker is not taken: write the key of a @cert-authority under host_ca, as 'TYPE BASE64', "
        "and leave out what is @revoked");
  }
  if (line.size() > kMaxLineBytes) return fail(Errc::invalid, "the key line is too long");
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || is_type(line.substr(0, space))) return line;
  const std::size_t rest = line.find_first_not_of(' ', space);
  if (rest == std::string_view::npos || !is_type(line.substr(rest, line.find(' ', rest) - rest))) return line;
  if (!are_hosts(line.substr(0, space))) {
    return fail(Errc::invalid,
                "the hosts before the key are none: ssh-keyscan writes HOST, [HOST]:PORT or |1|SALT|HASH");
  }
  return line.substr(rest);
}

Status check_key_line(std::string_view line) {
  if (line.size() > kMaxLineBytes) return fail(Errc::invalid, "the key line is too long");
  const bool printable = base::is_utf8(line) && std::none_of(line.begin(), line.end(), [](char c) {
                           const auto u = static_cast<unsigned char>(c);
                           return u < 0x20 || u == 0x7f;
                         });
  if (!printable) return fail(Errc::invalid, "the key line holds control characters; write one key, on one line");
  const std::size_t space = line.find(' ');
  const std::string_view type = line.substr(0, space);
  if (!is_type(type)) {
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
