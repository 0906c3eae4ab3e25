// SPDX-License-Identifier: Apache-2.0
// Field by field.
#include "leg/ssh/kex_evidence.h"

#include "ipc/message_kind.h"
#include "ipc/ssh.pb.h"

namespace sallyport::leg::ssh {

namespace {

// All of it goes in one message, and so much of that the broker takes (front_link.cc, back_link.cc): the peer's KEXINIT
// and ours, which names each algorithm once, versions, names and the largest public values.
constexpr std::size_t kMaxEvidenceBytes = 60 * 1024;
constexpr std::size_t kOwnBytes = 4 * 1024 + 6 * 1024;
static_assert(codec::ssh::kMaxKexInitBytes + codec::ssh::kMaxHostKeyBytes + codec::ssh::kMaxHostSignatureBytes +
                  kOwnBytes <=
              kMaxEvidenceBytes);
static_assert(kMaxEvidenceBytes < ipc::kMaxMessageBytes);

}  // namespace

void to_message(const codec::ssh::KexEvidence& evidence, ipc::KexInputs& out) {
  out.set_method(std::string(keys::kex_method_name(evidence.method)));
  out.set_host_key_algorithm(evidence.host_key_algorithm);
  out.set_client_version(evidence.client_version);
  out.set_server_version(evidence.server_version);
  out.set_client_kexinit(base::to_text(evidence.client_kexinit));
  out.set_server_kexinit(base::to_text(evidence.server_kexinit));
  out.set_host_key(base::to_text(evidence.host_key));
  out.set_client_public(base::to_text(evidence.client_public));
  out.set_server_public(base::to_text(evidence.server_public));
  const auto secret = evidence.shared_secret.view();
  out.set_shared_secret(secret.data(), secret.size());
  out.set_group_prime(base::to_text(evidence.group_prime));
  out.set_group_generator(base::to_text(evidence.group_generator));
  for (const std::string& name : evidence.protection) out.add_protection(name);
}

void wipe(std::string& secret) {
  base::wipe(secret.data(), secret.size());
}

void wipe(ipc::KexInputs& inputs) {
  wipe(*inputs.mutable_shared_secret());
}

}  // namespace sallyport::leg::ssh
