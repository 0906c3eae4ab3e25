// SPDX-License-Identifier: Apache-2.0
// Fuzzes the terminal model: any bytes, any sizes; its keyframe must put the same screen on another one.
#include <cstdlib>

#include "codec/terminal/terminal.h"

using sallyport::codec::terminal::Size;
using sallyport::codec::terminal::Terminal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Terminal t({data[0] % 40, data[1] % 100}, 512);
  const std::size_t step = 1 + data[2] % 64;
  sallyport::base::ByteView rest(data + 3, size - 3);
  while (!rest.empty()) {
    const auto part = rest.first(std::min(step, rest.size()));
    t.feed(part);
    if (part[0] == 0xfe && part.size() > 2) t.resize(Size{part[1] % 50, part[2] % 120});
    rest = rest.subspan(part.size());
  }
  Terminal copy(t.size(), 0);
  copy.feed(sallyport::base::view(t.keyframe()));
  if (copy.cells() != t.cells() || !(copy.cursor() == t.cursor()) || !(copy.modes() == t.modes())) abort();
  (void)t.rendered_text();
  return 0;
}
