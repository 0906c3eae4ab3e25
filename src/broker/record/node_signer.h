// SPDX-License-Identifier: Apache-2.0
// Signs recordings with the node's key, which stays in the vault. Trusted side; any thread may call.
#pragma once

#include <algorithm>

#include "recording/types.h"
#include "vault/vault.h"

namespace sallyport::broker {

class NodeSigner final : public recording::Signer {
 public:
  explicit NodeSigner(const vault::Vault& vault) : vault_(vault) {}

  recording::PublicKey public_key() const override {
    recording::PublicKey out{};
    const base::Bytes& key = vault_.node_public_key();
    std::copy_n(key.begin(), std::min(key.size(), out.size()), out.begin());
    return out;
  }

  base::Result<recording::Signature> sign(base::ByteView message) const override {
    auto made = vault_.node_sign(message);
    if (!made) return base::pass(made);
    recording::Signature out{};
    if (made->size() != out.size()) return base::fail(base::Errc::internal, "signature of a wrong length");
    std::copy(made->begin(), made->end(), out.begin());
    return out;
  }

 private:
  const vault::Vault& vault_;
};

}  // namespace sallyport::broker
