// SPDX-License-Identifier: Apache-2.0
// A public key or a certificate that a client offers, judged as far as that goes without its signature. Trusted side;
// pure. A yes proves nothing: the caller checks the signature that the offer names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/access/certificate_login.h"
#include "broker/access/policy_state.h"
#include "keys/public_key.h"

namespace sallyport::broker {

struct KeyOffer {
  keys::PublicKey key;                                  ///< or the certified one
  keys::TouchRule touch;                                ///< what the signature must show
  std::string signature_algorithm;                      ///< under which it is made
  std::string credential;                               ///< "publickey SHA256:…", "certificate SHA256:…"
  store::Incarnation incarnation;                       ///< of the user, for whom it counts
  std::shared_ptr<const CertificateLogin> certificate;  ///< null: a plain key
};

/// Who offers what, from where, and when.
struct Offered {
  std::string user;            ///< may be nobody's name
  std::string source_host;     ///< the client's numeric address
  std::string_view algorithm;  ///< as the client names it
  base::ByteView blob;
  base::Micros now_us = 0;  ///< wall clock
};

struct JudgedOffer {
  std::optional<KeyOffer> offer;  ///< none: refused
  std::string why;                ///< of a refusal, for the audit log; a client hears nothing of it
  std::vector<audit::Field>
      about;  ///< of a refused certificate: which one, where an authority that is trusted signed it
};

/// A key that need not be anybody's yet: of whoever takes up an invitation. No certificate will do, because an
/// invitation is bound to one key. The offer's incarnation says nothing.
JudgedOffer judge_new_key(const Offered& offered);

JudgedOffer judge_offer(const PolicyState& state, const Offered& offered);

}  // namespace sallyport::broker
