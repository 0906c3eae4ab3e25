// SPDX-License-Identifier: Apache-2.0
// Keys that sign handshakes, and the authority that issues their certificates. OpenSSL's own verification is the judge.
#include "keys/tls_key.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "keys/tls_key_state.h"

namespace sallyport::keys {
namespace {

constexpr base::Micros kNow = base::Micros{1'764'547'200} * 1'000'000;
constexpr base::Micros kDay = base::Micros{86'400} * 1'000'000;

base::SecretBytes rsa_key() {
  const PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDeleter<PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key.get()));
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  base::SecretBytes out(base::ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  return out;
}

TEST(TlsKey, TheAuthorityIssuesWhatABrowserAccepts) {
  auto authority = make_tls_authority("an authority", kNow);
  ASSERT_TRUE(authority) << authority.message();
  auto key = TlsKey::generate();
  ASSERT_TRUE(key);
  auto issued = issue_tls_server(*authority, *key, {{"gw.example"}, {"127.0.0.1", "::1"}}, kNow, 90 * kDay);
  ASSERT_TRUE(issued) << issued.message();
  EXPECT_TRUE(key->matches(*issued));
  EXPECT_FALSE(key->matches(authority->certificate));
  const X509Ptr root = parse_x509(authority->certificate);
  const X509Ptr leaf = parse_x509(*issued);
  std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>> trusted(X509_STORE_new());
  X509_STORE_add_cert(trusted.get(), root.get());
  std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), trusted.get(), leaf.get(), nullptr);
  X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_SERVER);
  X509_STORE_CTX_set_time(check.get(), 0, static_cast<time_t>(kNow / 1'000'000));
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_X509_STRICT);
  EXPECT_EQ(X509_verify_cert(check.get()), 1) << X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  EXPECT_EQ(X509_check_host(leaf.get(), "gw.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "::1", 0), 1);
  EXPECT_NE(X509_check_host(leaf.get(), "other.example", 0, 0, nullptr), 1);
  EXPECT_EQ(*valid_until_us(*issued), kNow + 90 * kDay);
  EXPECT_EQ(certificates_in(base::view(to_pem(*issued) + to_pem(authority->certificate)))->size(), 2U);
}

TEST(TlsKey, NamesThatAreNoneAreRefused) {
  auto authority = make_tls_authority("an authority", kNow);
  auto key = TlsKey::generate();
  for (const char* bad : {"", "UPPER", "a,DNS:evil.example", "a b", "-a", ".a"}) {
    EXPECT_FALSE(issue_tls_server(*authority, *key, {{bad}, {}}, kNow, kDay)) << bad;
  }
  EXPECT_FALSE(issue_tls_server(*authority, *key, {{}, {"127.0.0.1,DNS:evil"}}, kNow, kDay));
  EXPECT_FALSE(issue_tls_server(*authority, *key, {}, kNow, kDay));
}

TEST(TlsKey, ItSignsDigestsAndNothingElse) {
  auto ec = TlsKey::generate();
  ASSERT_TRUE(ec);
  EXPECT_TRUE(ec->sign(TlsKey::Kind::ecdsa, TlsKey::Hash::none, base::Bytes(32, 1)));
  EXPECT_FALSE(ec->sign(TlsKey::Kind::ecdsa, TlsKey::Hash::none, base::Bytes(31, 1)));
  EXPECT_FALSE(ec->sign(TlsKey::Kind::rsa_pss, TlsKey::Hash::none, base::Bytes(256, 1)));
  auto rsa = TlsKey::parse(rsa_key().view());
  ASSERT_TRUE(rsa) << rsa.message();
  EXPECT_TRUE(rsa->sign(TlsKey::Kind::rsa_pkcs1, TlsKey::Hash::sha256, base::Bytes(32, 1)));
  EXPECT_FALSE(rsa->sign(TlsKey::Kind::rsa_pkcs1, TlsKey::Hash::sha384, base::Bytes(32, 1)));
  EXPECT_FALSE(rsa->sign(TlsKey::Kind::rsa_pkcs1, TlsKey::Hash::none, base::Bytes(32, 1)));
  EXPECT_FALSE(rsa->sign(TlsKey::Kind::ecdsa, TlsKey::Hash::none, base::Bytes(32, 1)));
}

// What a worker could want decrypted or signed in another format is no PSS block.
TEST(TlsKey, TheRsaDeedIsForPssBlocksAlone) {
  auto rsa = TlsKey::parse(rsa_key().view());
  ASSERT_TRUE(rsa);
  base::Bytes chosen(256, 0);
  chosen[1] = 2;
  EXPECT_FALSE(rsa->sign(TlsKey::Kind::rsa_pss, TlsKey::Hash::none, chosen)) << "PKCS #1 encryption";
  base::Bytes pkcs1(256, 0xff);
  pkcs1[0] = 0;
  pkcs1[1] = 1;
  EXPECT_FALSE(rsa->sign(TlsKey::Kind::rsa_pss, TlsKey::Hash::none, pkcs1)) << "another signature";
  base::Bytes trailer(256, 0x11);
  trailer[0] = 0;
  trailer[255] = 0xbc;
  EXPECT_FALSE(rsa->sign(TlsKey::Kind::rsa_pss, TlsKey::Hash::none, trailer)) << "the trailer alone";
}

TEST(TlsKey, OnlyKeysThatTlsUsesAreRead) {
  EXPECT_FALSE(TlsKey::parse(base::view("")));
  EXPECT_FALSE(TlsKey::parse(base::view("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")));
  EXPECT_FALSE(certificates_in(base::view("no certificate")));
}

}  // namespace
}  // namespace sallyport::keys
