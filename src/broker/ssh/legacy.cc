// SPDX-License-Identifier: Apache-2.0
// Algorithms for old peers, by name.
#include "broker/ssh/legacy.h"

#include <algorithm>

#include "ipc/ssh.pb.h"

namespace sallyport::broker {

namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool uses(const ipc::KexInputs& inputs, const policy::LegacyAlgorithm& algorithm) {
  switch (algorithm.kind) {
    case policy::AlgorithmKind::kex:
      return inputs.method() == algorithm.name;
    case policy::AlgorithmKind::host_key:
      return inputs.host_key_algorithm() == algorithm.name;
    case policy::AlgorithmKind::cipher:
    case policy::AlgorithmKind::mac:
      return std::find(inputs.protection().begin(), inputs.protection().end(), algorithm.name) !=
             inputs.protection().end();
  }
  return true;
}

}  // namespace

std::vector<std::string> legacy_of(policy::AlgorithmKind kind, const std::vector<std::string>& allowed) {
  std::vector<std::string> out;
  for (const policy::LegacyAlgorithm& one : policy::kLegacyAlgorithms) {
    if (one.kind == kind && has(allowed, one.name)) out.emplace_back(one.name);
  }
  return out;
}

void offer_legacy(const std::vector<std::string>& allowed, ipc::Algorithms& out) {
  for (const std::string& name : legacy_of(policy::AlgorithmKind::kex, allowed)) out.add_kex(name);
  for (const std::string& name : legacy_of(policy::AlgorithmKind::cipher, allowed)) out.add_ciphers(name);
  for (const std::string& name : legacy_of(policy::AlgorithmKind::mac, allowed)) out.add_macs(name);
}

base::Result<std::vector<std::string>> legacy_in(const ipc::KexInputs& inputs,
                                                 const std::vector<std::string>& allowed) {
  std::vector<std::string> out;
  for (const policy::LegacyAlgorithm& one : policy::kLegacyAlgorithms) {
    if (!uses(inputs, one)) continue;
    if (!has(allowed, one.name)) {
      return base::fail(base::Errc::denied, "algorithm for old peers that was not offered: " + std::string(one.name));
    }
    out.emplace_back(one.name);
  }
  return out;
}

}  // namespace sallyport::broker
