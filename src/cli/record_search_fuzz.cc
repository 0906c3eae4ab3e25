// SPDX-License-Identifier: Apache-2.0
// Fuzzes the hits that a contained reader hands over, which may have been taken over by what it read: what decodes is
// bounded, encodes to the same, and shows on a terminal as text.
#include "cli/record_search.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/output.h"

namespace sallyport::cli {
namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

bool same(const Hit& a, const Hit& b) {
  return a.time_ms == b.time_ms && a.channel == b.channel && a.where == b.where && a.text == b.text;
}

void show(const Hit& hit) {
  require(hit.where == "command" || hit.where == "output");
  require(hit.text.size() <= 512);
  const Json row{{"time_ms", hit.time_ms}, {"text", hit.text}};
  for (const std::string& shown : {render_value(row["text"]), dump(row)}) {
    require(base::is_utf8(shown) && base::mask_for_terminal(shown) == shown);
  }
}

}  // namespace
}  // namespace sallyport::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::cli;
  const auto hits = decode_hits({reinterpret_cast<const char*>(data), size});
  if (!hits) return 0;
  require(hits->size() <= kMaxHits && size <= max_encoded_hits());
  const std::string encoded = encode_hits(*hits);
  require(encoded.size() == size);
  const auto again = decode_hits(encoded);
  require(again && again->size() == hits->size());
  for (std::size_t i = 0; i < hits->size(); ++i) {
    require(same((*hits)[i], (*again)[i]));
    show((*hits)[i]);
  }
  return 0;
}
