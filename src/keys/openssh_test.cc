// SPDX-License-Identifier: Apache-2.0
// Our keys, signatures and certificates held against the system's ssh-keygen, in both directions.
#include <gtest/gtest.h>

#include "keys/certificate.h"
#include "keys/exchange_hash.h"
#include "keys/ssh_keygen_for_test.h"
#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::string_view kMessage = "a message\n";

/// OpenSSH's PROTOCOL.sshsig.
Bytes sshsig_covered(ByteView digest) {
  Bytes out = base::to_bytes(std::string_view("SSHSIG"));
  Writer w(out);
  w.string(std::string_view("test"));
  w.string(ByteView{});
  w.string(std::string_view("sha512"));
  w.string(digest);
  return out;
}

Bytes message_digest() {
  return hash(HashAlgorithm::sha512, base::view(kMessage)).value();
}

std::string second_word(const std::string& s) {
  const std::size_t a = s.find(' ') + 1;
  return s.substr(a, s.find_first_of(" \n", a) - a);
}

class WithSshKeygen : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!SshKeygen::present()) GTEST_SKIP() << "ssh-keygen is not installed";
    ASSERT_EQ(keygen_.run(std::string("-q -a 1 -N '' -C us@here -f key ") + GetParam()), 0) << keygen_.output();
  }
  PrivateKey key() const { return PrivateKey::parse(base::view(keygen_.read("key"))).value(); }
  void expect_listed(const std::string& text) const {
    EXPECT_NE(keygen_.output().find(text), std::string::npos) << text << " is not in:\n" << keygen_.output();
  }

  SshKeygen keygen_;
};

TEST_P(WithSshKeygen, ReadsItsKeys) {
  const PrivateKey k = key();
  EXPECT_EQ(k.comment(), "us@here");
  const PublicKey pub = PublicKey::parse_line(keygen_.read("key.pub")).value();
  EXPECT_EQ(pub, k.public_key());
  EXPECT_EQ(pub.line("us@here") + "\n", keygen_.read("key.pub"));
  ASSERT_EQ(keygen_.run("-l -f key.pub"), 0);
  EXPECT_EQ(second_word(keygen_.output()), pub.fingerprint());
  EXPECT_EQ(keygen_.output().substr(0, keygen_.output().find(' ')), std::to_string(pub.bits()));
}

TEST_P(WithSshKeygen, ReadsItsOtherFormats) {
  const PublicKey pub = key().public_key();
  const std::string original = keygen_.read("key");
  const std::string arguments = GetParam();
  for (const char* format : {"PEM", "PKCS8"}) {
    keygen_.write("key", original);
    if (arguments.find("ed25519") != std::string::npos) continue;  // ssh-keygen writes these in its own format only
    ASSERT_EQ(keygen_.run(std::string("-q -p -P '' -N '' -f key -m ") + format), 0) << keygen_.output();
    EXPECT_EQ(keygen_.read("key").find("OPENSSH"), std::string::npos);
    EXPECT_EQ(key().public_key(), pub) << format;
  }
}

TEST_P(WithSshKeygen, TellsHowToDecrypt) {
  for (const char* format : {"RFC4716", "PKCS8", "PEM"}) {
    SCOPED_TRACE(format);
    keygen_.run("-q -p -P x -N '' -f key");
    ASSERT_EQ(keygen_.run(std::string("-q -p -a 1 -P '' -N secret-x -f key -m ") + format), 0) << keygen_.output();
    const auto k = PrivateKey::parse(base::view(keygen_.read("key")));
    ASSERT_FALSE(k);
    EXPECT_EQ(k.error().code, base::Errc::denied);
    EXPECT_NE(k.error().message.find("ssh-keygen -p"), std::string::npos);
    ASSERT_EQ(keygen_.run("-q -p -P secret-x -N '' -f key"), 0);
  }
}

TEST_P(WithSshKeygen, WritesKeysThatItReads) {
  const PrivateKey k = key();
  keygen_.write("ours", base::text(k.serialize().value().view()));
  ASSERT_EQ(keygen_.run("-y -f ours"), 0) << keygen_.output();
  EXPECT_EQ(PublicKey::parse_line(keygen_.output()).value(), k.public_key());
}

TEST_P(WithSshKeygen, VerifiesItsSignatures) {
  keygen_.write("message", kMessage);
  ASSERT_EQ(keygen_.run("-q -Y sign -n test -f key message"), 0) << keygen_.output();
  const std::string armored = keygen_.read("message.sig");
  std::string b64;
  for (const char c : armored.substr(armored.find('\n'), armored.find("-----END") - armored.find('\n'))) {
    if (c != '\n') b64 += c;
  }
  const Bytes sig = base::from_base64(b64).value();
  Reader r(sig);
  EXPECT_EQ(base::text(r.bytes(6)), "SSHSIG");
  EXPECT_EQ(r.u32(), 1u);
  const PublicKey pub = PublicKey::parse(r.string()).value();
  EXPECT_EQ(r.text(), "test");
  r.string();
  EXPECT_EQ(r.text(), "sha512");
  const ByteView signature = r.string();
  ASSERT_TRUE(r.done());
  EXPECT_TRUE(pub.verify(blob_name(signature), signature, sshsig_covered(message_digest())));
}

TEST_P(WithSshKeygen, MakesSignaturesThatItVerifies) {
  const PrivateKey k = key();
  for (const std::string_view algorithm : signature_algorithms_for(k.type())) {
    Bytes sig = base::to_bytes(std::string_view("SSHSIG"));
    Writer w(sig);
    w.u32(1);
    w.string(k.public_key().blob());
    w.string(std::string_view("test"));
    w.string(ByteView{});
    w.string(std::string_view("sha512"));
    w.string(k.sign(algorithm, sshsig_covered(message_digest())).value());
    std::string armored = "-----BEGIN SSH SIGNATURE-----\n";
    const std::string b64 = base::to_base64(sig);
    for (std::size_t i = 0; i < b64.size(); i += 70) armored += b64.substr(i, 70) + "\n";
    keygen_.write("ours.sig", armored + "-----END SSH SIGNATURE-----\n");
    keygen_.write("message", kMessage);
    EXPECT_EQ(keygen_.run("-Y check-novalidate -n test -s ours.sig < message"), 0) << algorithm << keygen_.output();
  }
}

TEST_P(WithSshKeygen, IssuesCertificatesThatItReads) {
  base::SystemRandom random;
  const PrivateKey ca = key();
  const PrivateKey subject = PrivateKey::generate(GeneratedKey::ed25519, random).value();
  CertificateFields f;
  f.serial = 77;
  f.key_id = "alice on web1";
  f.principals = {"deploy", "root"};
  f.valid_after = 1'800'000'000;
  f.valid_before = 1'800'000'300;
  f.force_command = "uptime -p";
  f.source_addresses = {"10.0.0.0/8", "2001:db8::/32"};
  f.extensions = {{"permit-pty", ""}, {"permit-agent-forwarding", ""}};
  const Bytes blob = issue_certificate(f, subject.public_key(), ca, random).value();
  keygen_.write("ours-cert.pub", "ssh-ed25519-cert-v01@openssh.com " + base::to_base64(blob) + " ours\n");
  ASSERT_EQ(keygen_.run("-L -f ours-cert.pub"), 0) << keygen_.output();
  for (const char* line : {"ssh-ed25519-cert-v01@openssh.com user certificate", "Key ID: \"alice on web1\"",
                           "Serial: 77", "force-command uptime -p", "source-address 10.0.0.0/8,2001:db8::/32",
                           "permit-pty", "permit-agent-forwarding", "deploy"}) {
    expect_listed(line);
  }
  expect_listed(subject.public_key().fingerprint());
  expect_listed(ca.public_key().fingerprint());
  f.type = CertificateType::host;
  f.force_command.reset();
  f.source_addresses.clear();
  f.valid_before = kForever;
  const Bytes host = issue_certificate(f, subject.public_key(), ca, random).value();
  keygen_.write("host-cert.pub", "ssh-ed25519-cert-v01@openssh.com " + base::to_base64(host) + "\n");
  ASSERT_EQ(keygen_.run("-L -f host-cert.pub"), 0) << keygen_.output();
  expect_listed("host certificate");
}

TEST_P(WithSshKeygen, ReadsItsCertificates) {
  ASSERT_EQ(keygen_.run("-q -t ed25519 -N '' -f ca"), 0);
  ASSERT_EQ(keygen_.run("-q -s ca -I 'an id' -n deploy,root -z 9 -V 20270101000000Z:20270102000000Z "
                        "-O force-command=uptime -O source-address=10.0.0.0/8 key.pub"),
            0)
      << keygen_.output();
  const Bytes blob = base::from_base64(second_word(keygen_.read("key-cert.pub"))).value();
  const Certificate c = Certificate::parse(blob).value();
  EXPECT_EQ(c.key(), key().public_key());
  EXPECT_EQ(c.type_name(), blob_name(blob));
  EXPECT_EQ(c.fields().key_id, "an id");
  EXPECT_EQ(c.fields().serial, 9u);
  EXPECT_EQ(c.fields().valid_after, 1798761600u);
  EXPECT_EQ(c.fields().principals, (std::vector<std::string>{"deploy", "root"}));
  EXPECT_EQ(c.fields().extensions.size(), 5u);
  const std::vector<PublicKey> trusted{PublicKey::parse_line(keygen_.read("ca.pub")).value()};
  CertificateUse use;
  use.principal = "root";
  use.now_us = 1798761601LL * 1'000'000;
  use.source_address = "10.3.4.5";
  use.trusted_cas = trusted;
  EXPECT_EQ(c.check(use).value().force_command, "uptime");
  use.source_address = "11.3.4.5";
  EXPECT_FALSE(c.check(use));
}

INSTANTIATE_TEST_SUITE_P(Kinds, WithSshKeygen,
                         testing::Values("-t ed25519", "-t ecdsa -b 256", "-t ecdsa -b 384", "-t ecdsa -b 521",
                                         "-t rsa -b 2048"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::erase_if(name, [](char c) { return c == ' ' || c == '-'; });
                           return name;
                         });

}  // namespace
}  // namespace sallyport::keys
