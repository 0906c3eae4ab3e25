// SPDX-License-Identifier: Apache-2.0
// Hybrids of a post-quantum key encapsulation and Curve25519 (draft-ietf-sshm-mlkem-hybrid-kex,
// draft-ietf-sshm-ntruprime-ssh): K is a hash over both secrets, so that either of them suffices.
// Runs in the untrusted workers.
#include <algorithm>

#include "codec/ssh/key_agreement.h"
#include "pqc/kem.h"

namespace sallyport::codec::ssh {

namespace {

struct Hybrid {
  const pqc::Kem& kem;
  keys::HashAlgorithm hash;
};

Hybrid hybrid_of(keys::KexMethod method) {
  const auto hash = keys::shape_of(method).hash;
  if (method == keys::KexMethod::mlkem768x25519_sha256) return {pqc::mlkem768(), hash};
  return {pqc::sntrup761(), hash};
}

base::Bytes joined(base::ByteView first, base::ByteView second) {
  base::Bytes out(first.begin(), first.end());
  out.insert(out.end(), second.begin(), second.end());
  return out;
}

/// K = HASH(K_PQ || K_CL).
base::Result<base::SecretBytes> combined(keys::HashAlgorithm algorithm, base::ByteView post_quantum,
                                         base::ByteView classical) {
  const base::ByteView parts[] = {post_quantum, classical};
  auto digest = keys::hash(algorithm, parts);
  if (!digest) return base::pass(digest);
  base::SecretBytes out{base::ByteView(*digest)};
  base::wipe(digest->data(), digest->size());
  return out;
}

/// Sends a public key, gets a ciphertext.
class HybridClient final : public KeyAgreement {
 public:
  HybridClient(Hybrid hybrid, std::unique_ptr<KeyAgreement> classical, pqc::KemKeys keys)
      : hybrid_(hybrid),
        classical_(std::move(classical)),
        private_key_(std::move(keys.private_key)),
        public_value_(joined(keys.public_key, classical_->public_value())) {}

  base::ByteView public_value() const override { return public_value_; }

  base::Result<base::SecretBytes> agree(base::ByteView peer_public) override {
    const std::size_t split = std::min(hybrid_.kem.ciphertext_bytes, peer_public.size());
    auto post_quantum = hybrid_.kem.decapsulate(private_key_.view(), peer_public.first(split));
    if (!post_quantum) return base::pass(post_quantum);
    auto classical = classical_->agree(peer_public.subspan(split));
    if (!classical) return base::pass(classical);
    return combined(hybrid_.hash, post_quantum->view(), classical->view());
  }

 private:
  Hybrid hybrid_;
  std::unique_ptr<KeyAgreement> classical_;
  base::SecretBytes private_key_;
  base::Bytes public_value_;
};

/// Gets a public key, sends a ciphertext, which is there once agree() is through.
class HybridServer final : public KeyAgreement {
 public:
  HybridServer(Hybrid hybrid, std::unique_ptr<KeyAgreement> classical, base::Random& random)
      : hybrid_(hybrid), classical_(std::move(classical)), random_(random) {}

  base::ByteView public_value() const override { return public_value_; }

  base::Result<base::SecretBytes> agree(base::ByteView peer_public) override {
    const std::size_t split = std::min(hybrid_.kem.public_key_bytes, peer_public.size());
    auto post_quantum = hybrid_.kem.encapsulate(peer_public.first(split), random_);
    if (!post_quantum) return base::pass(post_quantum);
    auto classical = classical_->agree(peer_public.subspan(split));
    if (!classical) return base::pass(classical);
    public_value_ = joined(post_quantum->ciphertext, classical_->public_value());
    return combined(hybrid_.hash, post_quantum->secret.view(), classical->view());
  }

 private:
  Hybrid hybrid_;
  std::unique_ptr<KeyAgreement> classical_;
  base::Random& random_;
  base::Bytes public_value_;
};

}  // namespace

base::Result<std::unique_ptr<KeyAgreement>> make_hybrid(keys::KexMethod method, Role role, base::Random& random) {
  const Hybrid hybrid = hybrid_of(method);
  auto classical = make_x25519(random);
  if (!classical) return base::pass(classical);
  if (role == Role::server) return std::make_unique<HybridServer>(hybrid, std::move(*classical), random);
  return std::make_unique<HybridClient>(hybrid, std::move(*classical), hybrid.kem.generate(random));
}

}  // namespace sallyport::codec::ssh
