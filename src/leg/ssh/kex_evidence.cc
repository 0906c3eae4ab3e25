// SPDX-License-Identifier: Apache-2.0
// Field by field.
#include "leg/ssh/kex_evidence.h"

#include "ipc/shared.pb.h"

namespace sallyport::leg::ssh {

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
}

void wipe(std::string& secret) {
  base::wipe(secret.data(), secret.size());
}

void wipe(ipc::KexInputs& inputs) {
  wipe(*inputs.mutable_shared_secret());
}

}  // namespace sallyport::leg::ssh
