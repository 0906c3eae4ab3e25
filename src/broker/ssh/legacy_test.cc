// SPDX-License-Identifier: Apache-2.0
// What the broker lets pass of algorithms for old peers, whatever a worker says.
#include "broker/ssh/legacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipc/ssh.pb.h"

namespace sallyport::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ipc::KexInputs exchange(const std::string& method, const std::string& host_key, const std::string& protection) {
  ipc::KexInputs out;
  out.set_method(method);
  out.set_host_key_algorithm(host_key);
  out.add_protection("aes256-ctr");
  out.add_protection(protection);
  return out;
}

TEST(Legacy, WhatIsNotAllowedIsRefused) {
  for (const policy::LegacyAlgorithm& one : policy::kLegacyAlgorithms) {
    const std::string name(one.name);
    ipc::KexInputs inputs = exchange("curve25519-sha256", "ssh-ed25519", "hmac-sha2-256-etm@openssh.com");
    EXPECT_THAT(*legacy_in(inputs, {}), IsEmpty());
    if (one.kind == policy::AlgorithmKind::kex) inputs.set_method(name);
    if (one.kind == policy::AlgorithmKind::host_key) inputs.set_host_key_algorithm(name);
    if (one.kind == policy::AlgorithmKind::cipher || one.kind == policy::AlgorithmKind::mac) {
      inputs.add_protection(name);
    }
    EXPECT_FALSE(legacy_in(inputs, {}).has_value()) << name;
    std::vector<std::string> others;
    for (const policy::LegacyAlgorithm& other : policy::kLegacyAlgorithms) {
      if (other.name != one.name) others.emplace_back(other.name);
    }
    EXPECT_FALSE(legacy_in(inputs, others).has_value()) << name;
    EXPECT_THAT(*legacy_in(inputs, {name}), ElementsAre(name));
  }
}

TEST(Legacy, IsOfferedAfterTheRestTheLeastBadFirst) {
  ipc::Algorithms offered;
  offered.add_kex("curve25519-sha256");
  offer_legacy({"diffie-hellman-group1-sha1", "hmac-sha1", "diffie-hellman-group14-sha1", "ssh-rsa", "3des-cbc"},
               offered);
  EXPECT_THAT(offered.kex(),
              ElementsAre("curve25519-sha256", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"));
  EXPECT_THAT(offered.ciphers(), ElementsAre("3des-cbc"));
  EXPECT_THAT(offered.macs(), ElementsAre("hmac-sha1"));
}

}  // namespace
}  // namespace sallyport::broker
