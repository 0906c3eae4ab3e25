// SPDX-License-Identifier: Apache-2.0
// Exchange hashes against values computed by an independent implementation, and the shapes that must be refused.
#include "keys/exchange_hash.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport::keys {
namespace {

using base::Bytes;

/// One byte, so many times.
Bytes fill(std::uint8_t first, std::size_t size, std::uint8_t other) {
  Bytes out(size, other);
  out[0] = first;
  return out;
}

Bytes kexinit(std::uint8_t cookie) {
  Bytes out{20};
  out.insert(out.end(), 16, cookie);
  out.insert(out.end(), 45, 0);
  return out;
}

struct Exchange {
  Bytes client_kexinit = kexinit(1);
  Bytes server_kexinit = kexinit(2);
  Bytes host_key = base::to_bytes(std::string_view("host key"));
  Bytes client_public, server_public, secret;
  std::string client_version = "SSH-2.0-OpenSSH_9.2";
  std::string server_version = "SSH-2.0-Sallyport";

  KexInputs inputs(KexMethod method) const {
    KexInputs in;
    in.method = method;
    in.client_version = base::view(client_version);
    in.server_version = base::view(server_version);
    in.client_kexinit = client_kexinit;
    in.server_kexinit = server_kexinit;
    in.host_key_blob = host_key;
    in.client_public = client_public;
    in.server_public = server_public;
    in.shared_secret = secret;
    return in;
  }
  std::string hash(KexMethod method) const {
    const auto h = exchange_hash(inputs(method));
    return h ? base::to_hex(*h) : h.error().message;
  }
};

Exchange curve25519() {
  Exchange e;
  e.client_public = Bytes(32, 0x11);
  e.server_public = Bytes(32, 0x22);
  e.secret = fill(0, 32, 0x33);
  e.secret[1] = 0;
  e.secret[2] = 0x90;
  return e;
}

TEST(ExchangeHash, Curve25519WithLeadingZerosInK) {
  EXPECT_EQ(curve25519().hash(KexMethod::curve25519_sha256),
            "fba8e679729b9851b7be0bfc17c6fead105296ac8b01a66fdac3918fb7f573ef");
}

TEST(ExchangeHash, NistP384) {
  Exchange e;
  e.client_public = fill(4, 97, 0x11);
  e.server_public = fill(4, 97, 0x22);
  e.secret = Bytes(48, 0x33);
  EXPECT_EQ(e.hash(KexMethod::ecdh_sha2_nistp384),
            "55a2849506ea1286a90cf497bd6e5a18395ab6e0f15f0a995522d7676425b26fcfce7443a376dcc0b835e8e288457a30");
}

TEST(ExchangeHash, DiffieHellmanHashesMpints) {
  Exchange e;
  e.client_public = Bytes(512, 0x91);
  e.server_public = Bytes(511, 0x22);
  e.secret = Bytes(512, 0x83);
  const std::string expected =
      "0cf191647d3def494118fa68ee11ff2f2d7691a5b11d1f9d0656fe2b5361a86c2662be37965f990ee09e84e95cf8f13608eece9d87cd3248"
      "3588e54c64cb82b7";
  EXPECT_EQ(e.hash(KexMethod::dh_group16_sha512), expected);
  e.server_public.insert(e.server_public.begin(), 0);
  EXPECT_EQ(e.hash(KexMethod::dh_group16_sha512), expected) << "a leading zero changes no number";
}

TEST(ExchangeHash, HybridsHashAStringSecret) {
  Exchange e;
  e.client_public = Bytes(1216, 0x11);
  e.server_public = Bytes(1120, 0x22);
  e.secret = fill(0, 32, 0x93);
  EXPECT_EQ(e.hash(KexMethod::mlkem768x25519_sha256),
            "6d0370adc478442bac89a4da9e2d7c427540d4e5d82fbaf33ce61e013c76d583");
}

TEST(ExchangeHash, AChosenGroupIsPartOfIt) {
  Exchange e;
  e.client_public = Bytes(256, 0x11);
  e.server_public = Bytes(256, 0x22);
  e.secret = Bytes(256, 0x33);
  const Bytes prime(256, 0xff);
  const Bytes two{2};
  const auto hash = [&](KexMethod method, base::ByteView p, base::ByteView g) {
    KexInputs in = e.inputs(method);
    in.group_prime = p;
    in.group_generator = g;
    const auto h = exchange_hash(in);
    return h ? base::to_hex(*h) : std::string();
  };
  const std::string expected = "5dae36ba38978e6e40765488d1a8cf8bb7674921df5bf3919908cf5a2171829a";
  EXPECT_EQ(hash(KexMethod::dh_gex_sha256, prime, two), expected);
  EXPECT_EQ(hash(KexMethod::dh_gex_sha1, prime, two).size(), 40U);
  EXPECT_NE(hash(KexMethod::dh_gex_sha256, prime, Bytes{3}), expected);
  EXPECT_EQ(hash(KexMethod::dh_gex_sha256, {}, two), "");
  EXPECT_EQ(hash(KexMethod::dh_gex_sha256, prime, {}), "");
  EXPECT_EQ(hash(KexMethod::dh_gex_sha256, Bytes(255, 0xff), two), "") << "below 2048 bits";
  EXPECT_EQ(hash(KexMethod::dh_gex_sha256, Bytes(1025, 0xff), two), "") << "above 8192 bits";
  EXPECT_EQ(hash(KexMethod::dh_group14_sha1, prime, two), "") << "whose group is fixed";
  EXPECT_NE(hash(KexMethod::dh_group14_sha1, {}, {}), "");
}

TEST(ExchangeHash, EveryInputCounts) {
  std::set<std::string> seen{curve25519().hash(KexMethod::curve25519_sha256)};
  const auto add = [&seen](auto change) {
    Exchange e = curve25519();
    change(e);
    EXPECT_TRUE(seen.insert(e.hash(KexMethod::curve25519_sha256)).second);
  };
  add([](Exchange& e) { e.client_version += "x"; });
  add([](Exchange& e) { e.server_version += "x"; });
  add([](Exchange& e) { e.client_kexinit[1] ^= 1; });
  add([](Exchange& e) { e.server_kexinit[1] ^= 1; });
  add([](Exchange& e) { e.host_key[0] ^= 1; });
  add([](Exchange& e) { e.client_public[0] ^= 1; });
  add([](Exchange& e) { e.server_public[0] ^= 1; });
  add([](Exchange& e) { e.secret[31] ^= 1; });
  EXPECT_EQ(seen.size(), 9u);
}

TEST(ExchangeHash, RefusesWrongShapes) {
  const auto refused = [](auto change) {
    Exchange e = curve25519();
    change(e);
    const auto h = exchange_hash(e.inputs(KexMethod::curve25519_sha256));
    return !h && h.error().code == base::Errc::invalid;
  };
  EXPECT_FALSE(refused([](Exchange&) {}));
  EXPECT_TRUE(refused([](Exchange& e) { e.client_version = "SSH-1.5-x"; }));
  EXPECT_TRUE(refused([](Exchange& e) { e.client_version += "\r\n"; }));
  EXPECT_TRUE(refused([](Exchange& e) { e.server_version.append(250, 'x'); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.client_kexinit[0] = 21; }));
  EXPECT_TRUE(refused([](Exchange& e) { e.client_kexinit.resize(61); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.server_kexinit.resize(65537); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.host_key.clear(); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.client_public.push_back(1); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.server_public.pop_back(); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.secret.assign(32, 0); })) << "RFC 8731 §3";
  EXPECT_TRUE(refused([](Exchange& e) { e.secret.push_back(1); }));
  EXPECT_TRUE(refused([](Exchange& e) { e.secret.clear(); }));
}

TEST(KexMethods, NamesGoBothWays) {
  for (const KexMethod m :
       {KexMethod::curve25519_sha256, KexMethod::ecdh_sha2_nistp256, KexMethod::ecdh_sha2_nistp384,
        KexMethod::ecdh_sha2_nistp521, KexMethod::dh_group14_sha256, KexMethod::dh_group16_sha512,
        KexMethod::dh_group18_sha512, KexMethod::mlkem768x25519_sha256, KexMethod::sntrup761x25519_sha512}) {
    EXPECT_EQ(kex_method_from_name(kex_method_name(m)).value(), m);
  }
  EXPECT_EQ(kex_method_from_name("curve25519-sha256@libssh.org").value(), KexMethod::curve25519_sha256);
  EXPECT_EQ(kex_method_name(KexMethod::curve25519_sha256), "curve25519-sha256");
  EXPECT_FALSE(kex_method_from_name("diffie-hellman-group2-sha1"));
  EXPECT_FALSE(kex_method_from_name(""));
}

TEST(SharedSecret, IsEncodedByMethod) {
  const Bytes k{0, 0x80, 1};
  EXPECT_EQ(base::to_hex(encode_shared_secret(KexMethod::curve25519_sha256, k).view()), "00000003008001");
  EXPECT_EQ(base::to_hex(encode_shared_secret(KexMethod::mlkem768x25519_sha256, k).view()), "00000003008001");
  const Bytes s{0, 0, 1};
  EXPECT_EQ(base::to_hex(encode_shared_secret(KexMethod::curve25519_sha256, s).view()), "0000000101");
  EXPECT_EQ(base::to_hex(encode_shared_secret(KexMethod::mlkem768x25519_sha256, s).view()), "00000003000001");
}

}  // namespace
}  // namespace sallyport::keys
