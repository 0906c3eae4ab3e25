// SPDX-License-Identifier: Apache-2.0
// Certificates that are offered, against a state with one user and one authority. No input can be signed by that
// authority, so the blob is also signed here: the judgement is reached, and what it accepts must be what was declared.
#include <algorithm>
#include <cstdlib>

#include "broker/ssh/key_offer.h"
#include "keys/private_key.h"
#include "keys/wire.h"

using namespace sallyport;
using namespace sallyport::broker;

namespace {

constexpr base::Micros kNowUs = 1'800'000'000'000'000;

/// The same each time: one authority for all runs.
class FixedRandom final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

const keys::PrivateKey& authority() {
  static FixedRandom random;
  static const keys::PrivateKey key = keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random).value();
  return key;
}

PolicyState make_state() {
  PolicyState out;
  policy::UserCa ca;
  ca.name = "corp";
  ca.public_keys = {authority().public_key().line("")};
  ca.principals = policy::UserCa::Principals{{"deploy", {"alice"}}, {"root", {"alice"}}};
  ca.max_lifetime_seconds = 1'000'000'000;
  ca.revoked.serials = {{1, 3}};
  out.resources.put(ca);
  policy::User alice;
  alice.name = "alice";
  out.resources.put(alice);
  out.incarnations["alice"] = {};
  out.authorities = UserAuthorities::of(out.resources.user_cas).value();
  return out;
}

void judge(const PolicyState& state, base::ByteView blob) {
  const std::string name(keys::blob_name(blob));
  const JudgedOffer judged = judge_offer(state, {"alice", "10.1.2.3", name, blob, kNowUs});
  if (judged.offer.has_value() == !judged.why.empty()) std::abort();
  if (!judged.offer) return;
  const CertificateLogin* login = judged.offer->certificate.get();
  if (login == nullptr || login->authority != "corp") std::abort();  // alice has no keys
  const keys::CertificateFields& fields = login->certificate.fields();
  if (!(login->certificate.ca() == authority().public_key()) || fields.type != keys::CertificateType::user)
    std::abort();
  if (fields.serial >= 1 && fields.serial <= 3) std::abort();
  const auto is_hers = [](const std::string& p) { return p == "deploy" || p == "root"; };
  if (std::none_of(fields.principals.begin(), fields.principals.end(), is_hers)) std::abort();
  if (ends_at_us(login->certificate) != 0 && ends_at_us(login->certificate) <= kNowUs) std::abort();
  const policy::ProofLimits limits = limits_of(login->certificate);
  if (limits.only_command && limits.at_most.has(policy::Permission::shell)) std::abort();
  if (audit_fields(*login).size() != 4) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PolicyState state = make_state();
  const base::ByteView in(data, size);
  judge(state, in);
  base::Bytes signed_here(in.begin(), in.end());
  keys::Writer w(signed_here);
  w.string(authority().public_key().blob());
  w.string(authority().sign(signed_here).value());
  judge(state, signed_here);
  return 0;
}
