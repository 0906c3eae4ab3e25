// SPDX-License-Identifier: Apache-2.0
// Fuzzes the YAML reader and the configuration on top of it: no crash, no hang, and whatever is accepted has JSON.
#include <cstdint>
#include <string_view>

#include "config/config.h"
#include "config/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto documents = sallyport::config::parse_yaml(text, "fuzz");
  if (documents) {
    for (const auto& document : *documents) {
      if (sallyport::config::to_json(document).empty()) __builtin_trap();
    }
  }
  const auto config = sallyport::config::parse_config(text, "fuzz");
  if (config && config->data_dir.empty()) __builtin_trap();
  return 0;
}
