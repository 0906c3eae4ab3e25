// SPDX-License-Identifier: Apache-2.0
// The private half of a TLS server certificate, and the signatures of handshakes that workers run. Trusted side. It
// signs digests and nothing else, and never leaves the broker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sallyport::keys {

class TlsKey {
 public:
  enum class Kind : std::uint8_t {
    ecdsa,      ///< of a digest; the answer is a DER ECDSA-Sig-Value
    rsa_pkcs1,  ///< of a digest of the hash named (RFC 8017 section 8.2)
    rsa_pss,    ///< of a block that is encoded by EMSA-PSS already (section 9.1.1)
  };
  enum class Hash : std::uint8_t { none, sha256, sha384, sha512 };

  /// PEM, or DER of PKCS #8. Errors: invalid (no key, an encrypted one, another kind than RSA of 2048 to 8192 bits or
  /// ECDSA on P-256, P-384, P-521).
  static base::Result<TlsKey> parse(base::ByteView text);
  static base::Result<TlsKey> generate();  ///< ECDSA on P-256
  TlsKey(TlsKey&&) noexcept;
  TlsKey& operator=(TlsKey&&) noexcept;
  ~TlsKey();

  /// Whether the certificate is this key's.
  bool matches(base::ByteView certificate_der) const;
  /// Errors: invalid, when what is to be signed has not the form of its kind. So no padding but that of TLS is made.
  base::Result<base::Bytes> sign(Kind kind, Hash hash, base::ByteView what) const;
  /// DER of PKCS #8.
  base::Result<base::SecretBytes> serialize() const;

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit TlsKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Every certificate of a PEM file as DER, in order. Errors: invalid.
base::Result<std::vector<base::Bytes>> certificates_in(base::ByteView pem);
/// One certificate as PEM.
std::string to_pem(base::ByteView certificate_der);
/// When it stops counting. Errors: invalid.
base::Result<base::Micros> valid_until_us(base::ByteView certificate_der);

/// An authority of TLS servers: a certificate that signs no other authority.
struct TlsAuthority {
  TlsKey key;
  base::Bytes certificate;
};
base::Result<TlsAuthority> make_tls_authority(std::string_view name, base::Micros now_us);

/// What a server certificate is for: host names, and numeric addresses.
struct TlsNames {
  std::vector<std::string> hosts;
  std::vector<std::string> addresses;
};
/// Errors: invalid (a name that none can be).
base::Result<base::Bytes> issue_tls_server(const TlsAuthority& authority, const TlsKey& server, const TlsNames& names,
                                           base::Micros now_us, base::Micros valid_us);

}  // namespace sallyport::keys
