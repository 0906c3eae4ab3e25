// SPDX-License-Identifier: Apache-2.0
// Recomputing exchange hashes.
#include "broker/ssh/kex_inputs.h"

#include "ipc/ssh.pb.h"

namespace sallyport::broker {

base::Result<base::Bytes> exchange_hash_of(const ipc::KexInputs& inputs, const KnownInputs& known) {
  auto method = keys::kex_method_from_name(inputs.method());
  if (!method) return base::pass(method);
  keys::KexInputs typed;
  typed.method = *method;
  typed.client_version = known.client_version;
  typed.server_version = known.server_version;
  typed.client_kexinit = base::view(inputs.client_kexinit());
  typed.server_kexinit = base::view(inputs.server_kexinit());
  typed.host_key_blob = known.host_key;
  typed.client_public = base::view(inputs.client_public());
  typed.server_public = base::view(inputs.server_public());
  typed.shared_secret = base::view(inputs.shared_secret());
  typed.group_prime = base::view(inputs.group_prime());
  typed.group_generator = base::view(inputs.group_generator());
  return keys::exchange_hash(typed);
}

void wipe_secret(ipc::KexInputs& inputs) {
  std::string& secret = *inputs.mutable_shared_secret();
  base::wipe(secret.data(), secret.size());
  secret.clear();
}

}  // namespace sallyport::broker
