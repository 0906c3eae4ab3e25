// SPDX-License-Identifier: Apache-2.0
// The bytes of publickey logins, written out by hand from RFC 4252 §7 and OpenSSH's PROTOCOL §3.1.
#include "keys/userauth_blob.h"

#include <gtest/gtest.h>

#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::ByteView;
using namespace std::string_literals;

const Bytes kSession(32, 0xaa);
const Bytes kKey = base::to_bytes(std::string_view("KEY"));
const Bytes kHost = base::to_bytes(std::string_view("HOST"));

PublickeyLogin plain() {
  PublickeyLogin login;
  login.user = base::view("bob");
  login.algorithm = "ssh-ed25519";
  login.key_blob = kKey;
  return login;
}

PublickeyLogin hostbound() {
  PublickeyLogin login = plain();
  login.method = PublickeyMethod::hostbound;
  login.host_key_blob = kHost;
  return login;
}

const std::string kPlainHead =
    "\x32\0\0\0\x03"s
    "bob"s
    "\0\0\0\x0e"s
    "ssh-connection"s
    "\0\0\0\x09"s
    "publickey"s;
const std::string kKeyPart =
    "\0\0\0\x0b"s
    "ssh-ed25519"s
    "\0\0\0\x03"s
    "KEY"s;

std::string text(const base::Result<Bytes>& r) {
  return r ? base::to_text(*r) : "error: " + r.error().message;
}

TEST(SignedData, OfThePlainMethod) {
  EXPECT_EQ(text(publickey_signed_data(kSession, plain())),
            "\0\0\0\x20"s + std::string(32, '\xaa') + kPlainHead + "\x01"s + kKeyPart);
}

TEST(SignedData, OfTheHostboundMethod) {
  EXPECT_EQ(text(publickey_signed_data(kSession, hostbound())),
            "\0\0\0\x20"s + std::string(32, '\xaa') + "\x32\0\0\0\x03"s + "bob" + "\0\0\0\x0e"s + "ssh-connection" +
                "\0\0\0\x23"s + "publickey-hostbound-v00@openssh.com" + "\x01"s + kKeyPart + "\0\0\0\x04"s + "HOST");
}

TEST(Request, WithAndWithoutSignature) {
  EXPECT_EQ(text(publickey_request(plain(), std::nullopt)), kPlainHead + "\0"s + kKeyPart);
  EXPECT_EQ(text(publickey_request(plain(), base::view("SIG"))),
            kPlainHead + "\x01"s + kKeyPart + "\0\0\0\x03"s + "SIG");
}

TEST(Request, IsWhatTheSignatureCovers) {
  for (const PublickeyLogin& login : {plain(), hostbound()}) {
    const std::string signed_data = text(publickey_signed_data(kSession, login));
    const std::string request = text(publickey_request(login, base::view("SIG")));
    EXPECT_EQ(signed_data.substr(36) + "\0\0\0\x03"s + "SIG", request);
  }
}

TEST(SignedData, RefusesWhatNoLoginHolds) {
  EXPECT_TRUE(publickey_signed_data(Bytes(20, 1), plain())) << "of a target that knows no other than SHA-1";
  EXPECT_FALSE(publickey_signed_data(Bytes(21, 1), plain()));
  EXPECT_FALSE(publickey_signed_data(ByteView{}, plain()));
  PublickeyLogin login = plain();
  login.host_key_blob = kHost;
  EXPECT_FALSE(publickey_signed_data(kSession, login)) << "plain with a host key";
  login = hostbound();
  login.host_key_blob = {};
  EXPECT_FALSE(publickey_signed_data(kSession, login)) << "hostbound without one";
  login = plain();
  login.key_blob = {};
  EXPECT_FALSE(publickey_signed_data(kSession, login));
  login = plain();
  login.algorithm = "";
  EXPECT_FALSE(publickey_signed_data(kSession, login));
  login = plain();
  const std::string long_user(1025, 'u');
  login.user = base::view(long_user);
  EXPECT_FALSE(publickey_signed_data(kSession, login));
  EXPECT_FALSE(publickey_request(plain(), ByteView{})) << "an empty signature is none";
}

}  // namespace
}  // namespace sallyport::keys
