// SPDX-License-Identifier: Apache-2.0
// Certificates: issued ones are read back, and every reason to refuse one is tried.
#include "keys/certificate.h"

#include <gtest/gtest.h>

#include <functional>

#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::ByteView;
using base::Errc;

constexpr std::int64_t kNow = 1'800'000'000;  // seconds

struct World {
  base::SystemRandom random;
  PrivateKey ca = PrivateKey::generate(GeneratedKey::ed25519, random).value();
  PrivateKey subject = PrivateKey::generate(GeneratedKey::ecdsa_p256, random).value();
  std::vector<PublicKey> trusted{ca.public_key()};

  static CertificateFields fields() {
    CertificateFields f;
    f.serial = 42;
    f.key_id = "alice session 7";
    f.principals = {"deploy", "root"};
    f.valid_after = static_cast<std::uint64_t>(kNow - 60);
    f.valid_before = static_cast<std::uint64_t>(kNow + 300);
    f.extensions = {{"permit-pty", ""}, {"permit-X11-forwarding", ""}};
    return f;
  }
  Certificate issue(const CertificateFields& f) {
    return Certificate::parse(issue_certificate(f, subject.public_key(), ca, random).value()).value();
  }
  CertificateUse use() const {
    CertificateUse u;
    u.principal = "deploy";
    u.now_us = kNow * 1'000'000;
    u.source_address = "10.1.2.3";
    u.trusted_cas = trusted;
    return u;
  }
};

TEST(Certificate, SaysWhatItWasIssuedWith) {
  World w;
  CertificateFields f = World::fields();
  f.force_command = "uptime";
  f.source_addresses = {"10.0.0.0/8", "2001:db8::/32"};
  const Certificate c = w.issue(f);
  EXPECT_EQ(c.type_name(), "ecdsa-sha2-nistp256-cert-v01@openssh.com");
  EXPECT_EQ(c.key(), w.subject.public_key());
  EXPECT_EQ(c.ca(), w.ca.public_key());
  EXPECT_EQ(c.fields().serial, 42u);
  EXPECT_EQ(c.fields().key_id, f.key_id);
  EXPECT_EQ(c.fields().principals, f.principals);
  EXPECT_EQ(c.fields().valid_after, f.valid_after);
  EXPECT_EQ(c.fields().valid_before, f.valid_before);
  EXPECT_EQ(c.fields().source_addresses, f.source_addresses);
  ASSERT_EQ(c.fields().extensions.size(), 2u);
  EXPECT_EQ(c.fields().extensions[0].name, "permit-X11-forwarding") << "in the order of their names";
  const CertificateGrant grant = c.check(w.use()).value();
  EXPECT_EQ(grant.force_command, "uptime");
  EXPECT_EQ(grant.touch, TouchRule{});
}

struct Refusal {
  const char* what;
  std::function<void(CertificateFields&)> issue;
  std::function<void(CertificateUse&)> use;
  bool good = false;
};

class EachRefusal : public testing::TestWithParam<int> {
 public:
  static const std::vector<Refusal>& all() {
    static const auto second = [](std::int64_t s) { return [s](CertificateUse& u) { u.now_us = s * 1'000'000; }; };
    static const auto same = [](CertificateFields&) {};
    static const auto plain = [](CertificateUse&) {};
    static const std::vector<Refusal> refusals = {
        {"nothing wrong", same, plain, true},
        {"host certificate for a user", [](CertificateFields& f) { f.type = CertificateType::host; }, plain},
        {"user certificate for a host", same, [](CertificateUse& u) { u.type = CertificateType::host; }},
        {"another principal", same, [](CertificateUse& u) { u.principal = "deploy2"; }},
        {"empty principal", same, [](CertificateUse& u) { u.principal = ""; }},
        {"no pattern for users", [](CertificateFields& f) { f.principals = {"*"}; }, plain},
        {"untrusted authority", same, [](CertificateUse& u) { u.trusted_cas = {}; }},
        {"first second", same, second(kNow - 60), true},
        {"too early", same, second(kNow - 61)},
        {"last second", same, second(kNow + 299), true},
        {"too late", same, second(kNow + 300)},
        {"clock before 1970", same, [](CertificateUse& u) { u.now_us = -1; }},
        {"forever", [](CertificateFields& f) { f.valid_before = kForever; }, second(kNow * 4), true},
        {"inside a block",
         [](CertificateFields& f) {
           f.source_addresses = {"192.0.2.0/24", "10.0.0.0/8"};
         },
         plain, true},
        {"outside every block", [](CertificateFields& f) { f.source_addresses = {"192.0.2.0/24"}; }, plain},
        {"unknown source", [](CertificateFields& f) { f.source_addresses = {"0.0.0.0/0"}; },
         [](CertificateUse& u) { u.source_address = ""; }},
        {"verified user without a FIDO key", [](CertificateFields& f) { f.verify_required = true; }, plain},
    };
    return refusals;
  }
};

TEST_P(EachRefusal, IsJudged) {
  World w;
  const Refusal& r = all()[static_cast<std::size_t>(GetParam())];
  CertificateFields f = World::fields();
  r.issue(f);
  const Certificate c = w.issue(f);
  CertificateUse use = w.use();
  r.use(use);
  const auto grant = c.check(use);
  EXPECT_EQ(grant.has_value(), r.good) << r.what;
  if (!grant) {
    EXPECT_EQ(grant.error().code, Errc::denied) << r.what;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EachRefusal, testing::Range(0, static_cast<int>(EachRefusal::all().size())));

TEST(HostCertificate, MayNamePatterns) {
  World w;
  CertificateFields f = World::fields();
  f.type = CertificateType::host;
  f.principals = {"web?.example.org", "*.db.example.org"};
  const Certificate c = w.issue(f);
  CertificateUse use = w.use();
  use.type = CertificateType::host;
  const auto ok = [&](std::string_view host) {
    use.principal = host;
    return c.check(use).has_value();
  };
  EXPECT_TRUE(ok("web1.example.org"));
  EXPECT_FALSE(ok("web12.example.org"));
  EXPECT_TRUE(ok("a.b.db.example.org"));
  EXPECT_FALSE(ok("db.example.org"));
  EXPECT_FALSE(ok("a.db.example.org.evil.net"));
}

TEST(Certificate, EveryFlippedByteIsRefused) {
  World w;
  const Bytes good = w.issue(World::fields()).blob();
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    EXPECT_FALSE(Certificate::parse(bad)) << "byte " << i;
    EXPECT_FALSE(Certificate::parse(ByteView(good).first(i))) << "first " << i;
  }
}

/// A certificate written field by field and rightly signed, for what issue_certificate() would not write.
Bytes handmade(World& w, std::function<void(Writer&)> principals, std::function<void(Writer&)> critical,
               std::uint32_t type = 1) {
  Bytes out;
  Writer o(out);
  o.string(certificate_type_name(w.subject.type()));
  o.string(Bytes(32, 1));
  Reader key(w.subject.public_key().blob());
  key.string();
  o.bytes(key.rest());
  o.u64(1);
  o.u32(type);
  o.string(std::string_view("id"));
  const std::size_t p = o.begin_string();
  principals(o);
  o.end_string(p);
  o.u64(0);
  o.u64(kForever);
  const std::size_t c = o.begin_string();
  critical(o);
  o.end_string(c);
  o.string(ByteView{});
  o.string(ByteView{});
  o.string(w.ca.public_key().blob());
  o.string(w.ca.sign(out).value());
  return out;
}

void option(Writer& w, std::string_view name, std::string_view value) {
  w.string(name);
  const std::size_t data = w.begin_string();
  if (!value.empty()) w.string(value);
  w.end_string(data);
}

void deploy(Writer& w) {
  w.string(std::string_view("deploy"));
}
void nothing(Writer&) {}

TEST(Certificate, RefusesUnknownCriticalOptions) {
  World w;
  EXPECT_TRUE(Certificate::parse(handmade(w, deploy, nothing)));
  const auto code = [&](auto critical, std::uint32_t type = 1) {
    const auto c = Certificate::parse(handmade(w, deploy, critical, type));
    return c ? Errc::busy : c.error().code;
  };
  EXPECT_EQ(code([](Writer& o) { option(o, "only-on-fridays", "yes"); }), Errc::unsupported);
  EXPECT_EQ(code([](Writer& o) { option(o, "Force-Command", "x"); }), Errc::unsupported);
  EXPECT_EQ(code([](Writer& o) { option(o, "force-command", "x"); }, 2), Errc::unsupported) << "a host has none";
  EXPECT_EQ(code([](Writer& o) { option(o, "source-address", ""); }), Errc::invalid) << "an empty list is not 'any'";
  EXPECT_EQ(code([](Writer& o) { option(o, "source-address", "10.0.0.0/8,"); }), Errc::invalid);
  EXPECT_EQ(code([](Writer& o) { option(o, "force-command", "a"), option(o, "force-command", "b"); }), Errc::invalid);
  EXPECT_EQ(code(nothing, 3), Errc::unsupported);
}

TEST(Certificate, WithoutPrincipalsNamesNobody) {
  World w;
  const Certificate c = Certificate::parse(handmade(w, nothing, nothing)).value();
  EXPECT_FALSE(c.check(w.use()));
}

TEST(IssueCertificate, RefusesWhatWouldMisleadATarget) {
  World w;
  const auto issues = [&](auto change) {
    CertificateFields f = World::fields();
    change(f);
    return issue_certificate(f, w.subject.public_key(), w.ca, w.random).has_value();
  };
  EXPECT_TRUE(issues([](CertificateFields&) {}));
  EXPECT_FALSE(issues([](CertificateFields& f) { f.principals.clear(); })) << "OpenSSH may read none as any";
  EXPECT_FALSE(issues([](CertificateFields& f) { f.principals = {""}; }));
  EXPECT_FALSE(issues([](CertificateFields& f) { f.principals = {"a\nb"}; }));
  EXPECT_FALSE(issues([](CertificateFields& f) { f.valid_before = f.valid_after; }));
  EXPECT_FALSE(issues([](CertificateFields& f) { f.source_addresses = {"everywhere"}; }));
  EXPECT_FALSE(issues([](CertificateFields& f) { f.key_id = "a\x1b[2J"; }));
  EXPECT_FALSE(issues([](CertificateFields& f) { f.extensions.push_back({"permit-pty", ""}); }));
  EXPECT_FALSE(issues([](CertificateFields& f) {
    f.type = CertificateType::host;
    f.force_command = "x";
  }));
}

TEST(CertificateNames, LeadToSignatureAlgorithms) {
  EXPECT_EQ(signature_algorithm_behind("rsa-sha2-512-cert-v01@openssh.com").value(), "rsa-sha2-512");
  EXPECT_EQ(signature_algorithm_behind("rsa-sha2-256").value(), "rsa-sha2-256");
  EXPECT_EQ(signature_algorithm_behind("ssh-ed25519-cert-v01@openssh.com").value(), "ssh-ed25519");
  EXPECT_EQ(signature_algorithm_behind("sk-ssh-ed25519-cert-v01@openssh.com").value(), "sk-ssh-ed25519@openssh.com");
  EXPECT_FALSE(signature_algorithm_behind("ssh-rsa"));
  EXPECT_FALSE(signature_algorithm_behind("ssh-rsa-cert-v01@openssh.com"));
  EXPECT_TRUE(is_certificate_name("ssh-rsa-cert-v01@openssh.com"));
  EXPECT_FALSE(is_certificate_name("ssh-rsa"));
}

}  // namespace
}  // namespace sallyport::keys
