// SPDX-License-Identifier: Apache-2.0
// The gateway's own authority of TLS servers, and what it issues (RFC 5280).
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "keys/tls_key_state.h"

namespace sallyport::keys {

namespace {

using base::Errc;
using base::fail;

constexpr base::Micros kSecondUs = 1'000'000;
constexpr base::Micros kAuthorityUs = base::Micros{10} * 365 * 86'400 * kSecondUs;
constexpr base::Micros kBeforeUs = 3600 * kSecondUs;  // clocks differ

bool set_times(X509* certificate, base::Micros from_us, base::Micros until_us) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(from_us / kSecondUs)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(until_us / kSecondUs)) != nullptr;
}

bool set_serial(X509* certificate) {
  std::uint8_t bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x3f) | 0x40);  // positive, and always as long
  const BignumPtr number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool is_host(const std::string& name) {
  const std::string rest = name.starts_with("*.") ? name.substr(2) : name;
  return !rest.empty() && rest.size() <= 253 && rest.front() != '.' && rest.front() != '-' &&
         std::all_of(rest.begin(), rest.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

bool is_address(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, text.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

base::Result<std::string> alternative_names(const TlsNames& names) {
  std::string out;
  const auto more = [&out](const char* kind, const std::string& value) {
    out += (out.empty() ? "" : ",") + std::string(kind) + value;
  };
  for (const std::string& host : names.hosts) {
    if (!is_host(host)) return fail(Errc::invalid, "'" + host + "' is no host name in lower case");
    more("DNS:", host);
  }
  for (const std::string& address : names.addresses) {
    if (!is_address(address)) return fail(Errc::invalid, "'" + address + "' is no numeric address");
    more("IP:", address);
  }
  if (out.empty()) return fail(Errc::invalid, "a certificate needs a name");
  return out;
}

}  // namespace

base::Result<TlsAuthority> make_tls_authority(std::string_view name, base::Micros now_us) {
  auto key = TlsKey::generate();
  if (!key) return base::pass(key);
  const X509Ptr made(X509_new());
  X509* x = made.get();
  EVP_PKEY* pkey = key->state().key.get();
  const bool done = x != nullptr && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
                    set_times(x, now_us - kBeforeUs, now_us + kAuthorityUs) &&
                    set_common_name(X509_get_subject_name(x), std::string(name)) &&
                    X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 && X509_set_pubkey(x, pkey) == 1 &&
                    add(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add(x, x, NID_subject_key_identifier, "hash") && X509_sign(x, pkey, EVP_sha256()) > 0;
  ERR_clear_error();
  if (!done) return fail(Errc::internal, "no TLS authority can be made");
  return TlsAuthority{std::move(*key), der_of(x)};
}

base::Result<base::Bytes> issue_tls_server(const TlsAuthority& authority, const TlsKey& server, const TlsNames& names,
                                           base::Micros now_us, base::Micros valid_us) {
  auto alternatives = alternative_names(names);
  if (!alternatives) return base::pass(alternatives);
  const X509Ptr issuer = parse_x509(authority.certificate);
  const X509Ptr made(X509_new());
  X509* x = made.get();
  if (!issuer || x == nullptr) return fail(Errc::internal, "no certificate can be issued");
  const std::string subject = names.hosts.empty() ? names.addresses.front() : names.hosts.front();
  const bool done = X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
                    set_times(x, now_us - kBeforeUs, now_us + valid_us) &&
                    set_common_name(X509_get_subject_name(x), subject.substr(0, 64)) &&
                    X509_set_issuer_name(x, X509_get_subject_name(issuer.get())) == 1 &&
                    X509_set_pubkey(x, server.state().key.get()) == 1 &&
                    add(x, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add(x, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                    add(x, issuer.get(), NID_ext_key_usage, "serverAuth") &&
                    add(x, issuer.get(), NID_subject_key_identifier, "hash") &&
                    add(x, issuer.get(), NID_authority_key_identifier, "keyid") &&
                    add(x, issuer.get(), NID_subject_alt_name, *alternatives) &&
                    X509_sign(x, authority.key.state().key.get(), EVP_sha256()) > 0;
  ERR_clear_error();
  if (!done) return fail(Errc::internal, "no certificate can be issued");
  return der_of(x);
}

}  // namespace sallyport::keys
