// SPDX-License-Identifier: Apache-2.0
// For tests only: the cases of a file in tests/data/pqc, as words of their lines.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sallyport::pqc::testing {

using Case = std::vector<std::string>;

inline std::vector<Case> read_cases(const std::string& name) {
  std::ifstream file(SALLYPORT_TEST_DATA "/pqc/" + name);
  std::vector<Case> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    out.emplace_back();
    for (std::string word; words >> word;) out.back().push_back(word);
  }
  EXPECT_FALSE(out.empty()) << name;
  return out;
}

inline base::Bytes bytes(const std::string& hex) {
  auto out = base::from_hex(hex);
  EXPECT_TRUE(out.has_value());
  return out ? *out : base::Bytes{};
}

inline std::string sha256(base::ByteView data) {
  base::Bytes out(crypto_hash_sha256_BYTES);
  crypto_hash_sha256(out.data(), data.data(), data.size());
  return base::to_hex(out);
}

}  // namespace sallyport::pqc::testing
