// SPDX-License-Identifier: Apache-2.0
// Reading certificates (PROTOCOL.certkeys); judging and issuing have files of their own.
#include "keys/certificate.h"

#include <algorithm>
#include <cstdlib>

#include "keys/address_block.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

struct NamedCertificate {
  std::string_view name;
  KeyType type;
};

constexpr NamedCertificate kTypes[] = {
    {"ssh-ed25519-cert-v01@openssh.com", KeyType::ed25519},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", KeyType::ecdsa_p256},
    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", KeyType::ecdsa_p384},
    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", KeyType::ecdsa_p521},
    {"ssh-rsa-cert-v01@openssh.com", KeyType::rsa},
    {"sk-ssh-ed25519-cert-v01@openssh.com", KeyType::sk_ed25519},
    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", KeyType::sk_ecdsa_p256},
};

constexpr std::string_view kRsaAlgorithms[] = {"rsa-sha2-512-cert-v01@openssh.com",
                                               "rsa-sha2-256-cert-v01@openssh.com"};
constexpr std::string_view kCertificateSuffix = "-cert-v01@openssh.com";

/// How many strings or numbers a key of the type has after its name.
int key_field_count(KeyType type) {
  switch (type) {
    case KeyType::ed25519:
      return 1;
    case KeyType::ecdsa_p256:
    case KeyType::ecdsa_p384:
    case KeyType::ecdsa_p521:
    case KeyType::rsa:
    case KeyType::sk_ed25519:
      return 2;
    case KeyType::sk_ecdsa_p256:
      return 3;
  }
  std::abort();
}

/// The plain blob of the key that stands, field by field, inside the certificate.
Bytes read_key_blob(Reader& r, KeyType type) {
  Bytes blob;
  Writer w(blob);
  w.string(key_type_name(type));
  for (int i = 0; i < key_field_count(type); ++i) w.string(r.string(kMaxPublicKeyBytes));
  return blob;
}

Status malformed() {
  return fail(Errc::invalid, "malformed certificate");
}

Status read_principals(ByteView packed, std::vector<std::string>& out) {
  Reader r(packed);
  while (r.ok() && r.remaining() != 0) {
    if (out.size() == kMaxPrincipals) return fail(Errc::invalid, "certificate names too many principals");
    out.emplace_back(r.text());
  }
  return r.ok() ? Status{} : malformed();
}

/// An option's data holds one string, or nothing for a flag. Extensions may hold anything: then the data itself is the
/// value.
std::string option_value(ByteView data) {
  Reader r(data);
  const std::string_view inner = r.text();
  return r.done() ? std::string(inner) : base::to_text(data);
}

Status read_options(ByteView packed, std::vector<CertificateOption>& out) {
  Reader r(packed);
  while (r.ok() && r.remaining() != 0) {
    if (out.size() == kMaxCertificateOptions) return fail(Errc::invalid, "certificate has too many options");
    CertificateOption option;
    option.name = std::string(r.text(256));
    option.value = option_value(r.string());
    const auto same = [&option](const CertificateOption& o) { return o.name == option.name; };
    if (std::ranges::any_of(out, same)) return fail(Errc::invalid, "certificate names an option twice");
    out.push_back(std::move(option));
  }
  return r.ok() ? Status{} : malformed();
}

Status read_source_addresses(std::string_view list, std::vector<std::string>& out) {
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    if (auto s = check_address_block(list.substr(0, comma)); !s) return s;
    out.emplace_back(list.substr(0, comma));
    if (more) list.remove_prefix(comma + 1);
  }
  return {};
}

/// An unknown critical option means that the certificate must not be accepted: it restricts in a way that we would not
/// keep.
Status apply_critical(const std::vector<CertificateOption>& options, CertificateFields& fields) {
  for (const CertificateOption& option : options) {
    const bool user = fields.type == CertificateType::user;
    if (user && option.name == "force-command") {
      fields.force_command = option.value;
    } else if (user && option.name == "source-address") {
      if (auto s = read_source_addresses(option.value, fields.source_addresses); !s) return s;
    } else if (user && option.name == "verify-required" && option.value.empty()) {
      fields.verify_required = true;
    } else {
      return fail(Errc::unsupported, "certificate has an unknown critical option");
    }
  }
  return {};
}

/// From the serial number up to the reserved field.
Status read_fields(Reader& r, CertificateFields& fields) {
  fields.serial = r.u64();
  const std::uint32_t type = r.u32();
  fields.key_id = std::string(r.text());
  const ByteView principals = r.string();
  fields.valid_after = r.u64();
  fields.valid_before = r.u64();
  const ByteView critical = r.string();
  const ByteView extensions = r.string();
  r.string();  // reserved: its content means nothing yet
  if (!r.ok()) return malformed();
  if (type != 1 && type != 2) return fail(Errc::unsupported, "certificate is neither for a user nor for a host");
  fields.type = static_cast<CertificateType>(type);
  if (auto s = read_principals(principals, fields.principals); !s) return s;
  std::vector<CertificateOption> critical_options;
  if (auto s = read_options(critical, critical_options); !s) return s;
  if (auto s = read_options(extensions, fields.extensions); !s) return s;
  return apply_critical(critical_options, fields);
}

}  // namespace

std::string_view certificate_type_name(KeyType type) {
  for (const NamedCertificate& t : kTypes) {
    if (t.type == type) return t.name;
  }
  std::abort();
}

std::vector<std::string_view> certificate_algorithms_for(KeyType type) {
  if (type == KeyType::rsa) return {std::begin(kRsaAlgorithms), std::end(kRsaAlgorithms)};
  return {certificate_type_name(type)};
}

Result<std::string_view> signature_algorithm_behind(std::string_view algorithm) {
  for (const std::string_view name : all_signature_algorithms()) {
    if (name == algorithm) return name;
  }
  for (const std::string_view name : kRsaAlgorithms) {
    if (name == algorithm) return name.substr(0, name.size() - kCertificateSuffix.size());
  }
  for (const NamedCertificate& t : kTypes) {
    if (t.name == algorithm && t.type != KeyType::rsa) return key_type_name(t.type);
  }
  return fail(Errc::not_found, "unknown signature algorithm");
}

bool is_certificate_name(std::string_view name) {
  return std::ranges::any_of(kTypes, [name](const NamedCertificate& t) { return t.name == name; });
}

std::string_view Certificate::type_name() const {
  return certificate_type_name(key_.type());
}

Result<Certificate> Certificate::parse(ByteView blob) {
  if (blob.size() > kMaxCertificateBytes) return fail(Errc::invalid, "certificate too long");
  Reader r(blob);
  const std::string_view name = r.text(64);
  const NamedCertificate* type = std::ranges::find(kTypes, name, &NamedCertificate::name);
  if (!r.ok() || type == std::end(kTypes)) return fail(Errc::unsupported, "unsupported certificate type");
  r.string(1024);  // nonce
  const Bytes key_blob = read_key_blob(r, type->type);
  CertificateFields fields;
  if (auto s = read_fields(r, fields); !s) return pass(s);
  const ByteView ca_blob = r.string(kMaxPublicKeyBytes);
  const ByteView covered = blob.first(blob.size() - r.remaining());
  const ByteView signature = r.string(kMaxSignatureBytes);
  if (!r.done()) return fail(Errc::invalid, "malformed certificate");

  Result<PublicKey> key = PublicKey::parse(key_blob);
  if (!key) return pass(key);
  Result<PublicKey> ca = PublicKey::parse(ca_blob);
  if (!ca) return pass(ca);
  if (auto s = ca->verify(blob_name(signature), signature, covered); !s) return pass(s);
  return Certificate(base::to_bytes(blob), std::move(*key), std::move(*ca), std::move(fields));
}

}  // namespace sallyport::keys
