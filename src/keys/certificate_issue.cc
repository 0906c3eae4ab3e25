// SPDX-License-Identifier: Apache-2.0
// Issuing certificates (PROTOCOL.certkeys). Trusted side only: it is given a CA's private key.
#include <algorithm>

#include "keys/address_block.h"
#include "keys/certificate.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxOptionNameBytes = 64;

bool is_plain_text(std::string_view s) {
  return s.size() <= kMaxTextBytes &&
         std::ranges::none_of(s, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += ',';
    out += part;
  }
  return out;
}

std::vector<CertificateOption> critical_options(const CertificateFields& fields) {
  std::vector<CertificateOption> out;
  if (fields.force_command) out.push_back({"force-command", *fields.force_command});
  if (!fields.source_addresses.empty()) out.push_back({"source-address", joined(fields.source_addresses)});
  if (fields.verify_required) out.push_back({"verify-required", ""});
  return out;
}

Status check_extensions(const std::vector<CertificateOption>& extensions) {
  if (extensions.size() > kMaxCertificateOptions) return fail(Errc::invalid, "certificate: too many extensions");
  for (auto e = extensions.begin(); e != extensions.end(); ++e) {
    const auto same = [e](const CertificateOption& other) { return other.name == e->name; };
    if (e->name.empty() || e->name.size() > kMaxOptionNameBytes || !is_plain_text(e->name) ||
        e->value.size() > kMaxTextBytes || std::any_of(extensions.begin(), e, same)) {
      return fail(Errc::invalid, "certificate: malformed or repeated extension");
    }
  }
  return {};
}

Status check(const CertificateFields& fields) {
  if (fields.principals.empty() || fields.principals.size() > kMaxPrincipals) {
    return fail(Errc::invalid, "certificate: it needs between 1 and 256 principals");
  }
  for (const std::string& p : fields.principals) {
    if (p.empty() || !is_plain_text(p)) return fail(Errc::invalid, "certificate: malformed principal");
  }
  if (!is_plain_text(fields.key_id)) return fail(Errc::invalid, "certificate: malformed key id");
  if (fields.valid_before <= fields.valid_after) return fail(Errc::invalid, "certificate: it would never be valid");
  const bool critical = fields.force_command || !fields.source_addresses.empty() || fields.verify_required;
  if (fields.type == CertificateType::host && critical) {
    return fail(Errc::invalid, "certificate: critical options are for user certificates");
  }
  if (fields.force_command && fields.force_command->size() > kMaxTextBytes * 8) {
    return fail(Errc::invalid, "certificate: forced command too long");
  }
  if (fields.source_addresses.size() > kMaxPrincipals) return fail(Errc::invalid, "certificate: too many addresses");
  for (const std::string& block : fields.source_addresses) {
    if (auto s = check_address_block(block); !s) return s;
  }
  return check_extensions(fields.extensions);
}

/// Options in the order of their names, which PROTOCOL.certkeys demands.
void put_options(Writer& w, std::vector<CertificateOption> options) {
  std::ranges::sort(options, {}, &CertificateOption::name);
  const std::size_t list = w.begin_string();
  for (const CertificateOption& option : options) {
    w.string(option.name);
    const std::size_t data = w.begin_string();
    if (!option.value.empty()) w.string(option.value);
    w.end_string(data);
  }
  w.end_string(list);
}

}  // namespace

Result<Bytes> issue_certificate(const CertificateFields& fields, const PublicKey& subject, const PrivateKey& ca,
                                base::Random& random) {
  if (auto s = check(fields); !s) return pass(s);
  Bytes out;
  out.reserve(1024 + subject.blob().size() + ca.public_key().blob().size());
  Writer w(out);
  w.string(certificate_type_name(subject.type()));
  w.string(random.bytes(kNonceBytes));
  Reader key(subject.blob());
  key.string();  // the plain type name gives way to the certificate's
  w.bytes(key.rest());
  w.u64(fields.serial);
  w.u32(static_cast<std::uint32_t>(fields.type));
  w.string(fields.key_id);
  const std::size_t principals = w.begin_string();
  for (const std::string& p : fields.principals) w.string(p);
  w.end_string(principals);
  w.u64(fields.valid_after);
  w.u64(fields.valid_before);
  put_options(w, critical_options(fields));
  put_options(w, fields.extensions);
  w.string(ByteView{});  // reserved
  w.string(ca.public_key().blob());
  Result<Bytes> signature = ca.sign(out);
  if (!signature) return signature;
  w.string(*signature);
  return out;
}

}  // namespace sallyport::keys
