// SPDX-License-Identifier: Apache-2.0
// The exchange hash, from inputs whose shape is checked against the method first.
#include "keys/exchange_hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxVersionBytes = 253;  // RFC 4253 §4.2: 255 with CR LF
constexpr std::size_t kMinKexinitBytes = 62;   // type, cookie, ten empty lists, boolean, reserved
constexpr std::size_t kMaxKexinitBytes = 65536;
constexpr std::size_t kMaxHostKeyBytes = 65536;
constexpr std::uint8_t kMsgKexinit = 20;

struct NamedMethod {
  std::string_view name;
  KexMethod method;
};

/// The first name of a method is the one that it is written with.
constexpr NamedMethod kMethods[] = {
    {"curve25519-sha256", KexMethod::curve25519_sha256},
    {"curve25519-sha256@libssh.org", KexMethod::curve25519_sha256},
    {"ecdh-sha2-nistp256", KexMethod::ecdh_sha2_nistp256},
    {"ecdh-sha2-nistp384", KexMethod::ecdh_sha2_nistp384},
    {"ecdh-sha2-nistp521", KexMethod::ecdh_sha2_nistp521},
    {"diffie-hellman-group14-sha256", KexMethod::dh_group14_sha256},
    {"diffie-hellman-group16-sha512", KexMethod::dh_group16_sha512},
    {"diffie-hellman-group18-sha512", KexMethod::dh_group18_sha512},
    {"mlkem768x25519-sha256", KexMethod::mlkem768x25519_sha256},
    {"sntrup761x25519-sha512", KexMethod::sntrup761x25519_sha512},
    {"sntrup761x25519-sha512@openssh.com", KexMethod::sntrup761x25519_sha512},
    {"diffie-hellman-group14-sha1", KexMethod::dh_group14_sha1},
    {"diffie-hellman-group1-sha1", KexMethod::dh_group1_sha1},
    {"diffie-hellman-group-exchange-sha256", KexMethod::dh_gex_sha256},
    {"diffie-hellman-group-exchange-sha1", KexMethod::dh_gex_sha1},
};

const EVP_MD* digest_of(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha1:
      return EVP_sha1();
    case HashAlgorithm::sha256:
      return EVP_sha256();
    case HashAlgorithm::sha384:
      return EVP_sha384();
    case HashAlgorithm::sha512:
      return EVP_sha512();
  }
  std::abort();
}

Status check_version(ByteView v) {
  const std::string_view s = base::text(v);
  const bool known = s.starts_with("SSH-2.0-") || s.starts_with("SSH-1.99-");  // RFC 4253 §5.1
  const bool printable = std::all_of(v.begin(), v.end(), [](std::uint8_t c) { return c >= 0x20 && c != 0x7f; });
  if (!known || !printable || v.size() > kMaxVersionBytes) {
    return fail(Errc::invalid, "exchange hash: not an SSH 2 identification string");
  }
  return {};
}

Status check_kexinit(ByteView v) {
  if (v.size() < kMinKexinitBytes || v.size() > kMaxKexinitBytes || v[0] != kMsgKexinit) {
    return fail(Errc::invalid, "exchange hash: not a KEXINIT message");
  }
  return {};
}

bool is_zero(ByteView v) {
  return std::all_of(v.begin(), v.end(), [](std::uint8_t b) { return b == 0; });
}

Status check_value(ByteView v, KexEncoding encoding, std::size_t size, const char* what) {
  const bool fits = encoding == KexEncoding::string ? v.size() == size : v.size() <= size;
  if (!fits || is_zero(v)) return fail(Errc::invalid, std::string("exchange hash: malformed ") + what);
  return {};
}

/// The bits of p and the size of g; nobody here can say whether the prime is a safe one.
Status check_group(const KexInputs& in) {
  ByteView p = in.group_prime;
  while (!p.empty() && p[0] == 0) p = p.subspan(1);
  const bool sized = p.size() >= kGroupMinBits / 8 && p.size() <= kGroupMaxBits / 8;
  const bool full = sized && (p.size() > kGroupMinBits / 8 || (p[0] & 0x80) != 0);
  if (!full || (p.back() & 1) == 0 || is_zero(in.group_generator) || in.group_generator.size() > p.size()) {
    return fail(Errc::invalid, "exchange hash: malformed group");
  }
  return {};
}

Status check(const KexInputs& in, const KexShape& shape) {
  if (auto s = check_version(in.client_version); !s) return s;
  if (auto s = check_version(in.server_version); !s) return s;
  if (auto s = check_kexinit(in.client_kexinit); !s) return s;
  if (auto s = check_kexinit(in.server_kexinit); !s) return s;
  if (in.host_key_blob.empty() || in.host_key_blob.size() > kMaxHostKeyBytes) {
    return fail(Errc::invalid, "exchange hash: malformed host key");
  }
  if (is_group_exchange(in.method)) {
    if (auto s = check_group(in); !s) return s;
  } else if (!in.group_prime.empty() || !in.group_generator.empty()) {
    return fail(Errc::invalid, "exchange hash: a group where the method fixes it");
  }
  if (auto s = check_value(in.client_public, shape.public_values, shape.client_public_bytes, "client value"); !s)
    return s;
  if (auto s = check_value(in.server_public, shape.public_values, shape.server_public_bytes, "server value"); !s)
    return s;
  return check_value(in.shared_secret, shape.shared_secret, shape.shared_secret_bytes, "shared secret");
}

void put(Writer& w, KexEncoding encoding, ByteView v) {
  if (encoding == KexEncoding::string) {
    w.string(v);
  } else {
    w.mpint(v);
  }
}

}  // namespace

KexShape shape_of(KexMethod method) {
  using enum HashAlgorithm;
  constexpr auto kString = KexEncoding::string;
  constexpr auto kMpint = KexEncoding::mpint;
  switch (method) {
    case KexMethod::curve25519_sha256:
      return {sha256, kString, kMpint, 32, 32, 32};
    case KexMethod::ecdh_sha2_nistp256:
      return {sha256, kString, kMpint, 65, 65, 32};
    case KexMethod::ecdh_sha2_nistp384:
      return {sha384, kString, kMpint, 97, 97, 48};
    case KexMethod::ecdh_sha2_nistp521:
      return {sha512, kString, kMpint, 133, 133, 66};
    case KexMethod::dh_group14_sha256:
      return {sha256, kMpint, kMpint, 256, 256, 256};
    case KexMethod::dh_group16_sha512:
      return {sha512, kMpint, kMpint, 512, 512, 512};
    case KexMethod::dh_group18_sha512:
      return {sha512, kMpint, kMpint, 1024, 1024, 1024};
    case KexMethod::mlkem768x25519_sha256:
      return {sha256, kString, kString, 1184 + 32, 1088 + 32, 32};
    case KexMethod::sntrup761x25519_sha512:
      return {sha512, kString, kString, 1158 + 32, 1039 + 32, 64};
    case KexMethod::dh_group14_sha1:
      return {sha1, kMpint, kMpint, 256, 256, 256};
    case KexMethod::dh_group1_sha1:
      return {sha1, kMpint, kMpint, 128, 128, 128};
    case KexMethod::dh_gex_sha256:
      return {sha256, kMpint, kMpint, kGroupMaxBits / 8, kGroupMaxBits / 8, kGroupMaxBits / 8};
    case KexMethod::dh_gex_sha1:
      return {sha1, kMpint, kMpint, kGroupMaxBits / 8, kGroupMaxBits / 8, kGroupMaxBits / 8};
  }
  std::abort();
}

bool is_group_exchange(KexMethod method) {
  return method == KexMethod::dh_gex_sha256 || method == KexMethod::dh_gex_sha1;
}

std::string_view kex_method_name(KexMethod method) {
  for (const NamedMethod& m : kMethods) {
    if (m.method == method) return m.name;
  }
  std::abort();
}

Result<KexMethod> kex_method_from_name(std::string_view name) {
  for (const NamedMethod& m : kMethods) {
    if (m.name == name) return m.method;
  }
  return fail(Errc::not_found, "unknown key exchange method");
}

std::size_t hash_size(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha1:
      return 20;
    case HashAlgorithm::sha256:
      return 32;
    case HashAlgorithm::sha384:
      return 48;
    case HashAlgorithm::sha512:
      return 64;
  }
  std::abort();
}

Result<Bytes> hash(HashAlgorithm algorithm, std::span<const ByteView> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool good = ctx && EVP_DigestInit_ex(ctx.get(), digest_of(algorithm), nullptr) == 1;
  for (const ByteView part : parts) good = good && EVP_DigestUpdate(ctx.get(), part.data(), part.size()) == 1;
  Bytes out(hash_size(algorithm));
  good = good && EVP_DigestFinal_ex(ctx.get(), out.data(), nullptr) == 1;
  if (!good) return fail(Errc::internal, "digest failed");
  return out;
}

Result<Bytes> exchange_hash(const KexInputs& in) {
  const KexShape shape = shape_of(in.method);
  if (auto s = check(in, shape); !s) return pass(s);
  Bytes head;
  head.reserve(6 * 4 + in.client_version.size() + in.server_version.size() + in.client_kexinit.size() +
               in.server_kexinit.size() + in.host_key_blob.size() + in.client_public.size() + in.server_public.size() +
               in.group_prime.size() + in.group_generator.size() + 32);
  Writer w(head);
  w.string(in.client_version);
  w.string(in.server_version);
  w.string(in.client_kexinit);
  w.string(in.server_kexinit);
  w.string(in.host_key_blob);
  if (is_group_exchange(in.method)) {  // RFC 4419 §3
    w.u32(kGroupMinBits);
    w.u32(kGroupPreferredBits);
    w.u32(kGroupMaxBits);
    w.mpint(in.group_prime);
    w.mpint(in.group_generator);
  }
  put(w, shape.public_values, in.client_public);
  put(w, shape.public_values, in.server_public);
  const base::SecretBytes k = encode_shared_secret(in.method, in.shared_secret);
  const ByteView parts[] = {head, k.view()};
  return hash(shape.hash, parts);
}

base::SecretBytes encode_shared_secret(KexMethod method, ByteView shared_secret) {
  Bytes encoded;
  encoded.reserve(shared_secret.size() + 8);  // so that growth leaves no copy behind
  Writer w(encoded);
  put(w, shape_of(method).shared_secret, shared_secret);
  base::SecretBytes out{ByteView(encoded)};
  base::wipe(encoded.data(), encoded.size());
  return out;
}

}  // namespace sallyport::keys
