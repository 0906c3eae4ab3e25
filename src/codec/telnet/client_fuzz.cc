// SPDX-License-Identifier: Apache-2.0
// Fuzzes the Telnet client: any bytes in any pieces, with a user who types and resizes in between. What it answers
// stays in proportion, and the pieces make no difference.
#include <algorithm>
#include <cstdlib>

#include "codec/telnet/client.h"

namespace {
using namespace sallyport;

struct Outcome {
  base::Bytes shown, sent;
  bool good = true;
};

Outcome run(base::ByteView bytes, std::size_t piece) {
  codec::telnet::Client client;
  client.start("xterm", {80, 24});
  Outcome out;
  while (!bytes.empty() && out.good) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    out.good = static_cast<bool>(client.feed(part, out.shown));
  }
  client.type(base::view("a\r\xff"));
  client.resize({255, 255});
  out.sent = client.output();
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView bytes(data + 1, size - 1);
  const Outcome whole = run(bytes, size), pieces = run(bytes, 1 + data[0] % 16);
  if (whole.good != pieces.good) std::abort();
  if (whole.good && (whole.shown != pieces.shown || whole.sent != pieces.sent)) std::abort();
  if (whole.shown.size() > size || whole.sent.size() > 64 * 1024) std::abort();
  return 0;
}
