// SPDX-License-Identifier: Apache-2.0
// A client that says anything, in pieces, to a broker that answers every request: requests are numbered one by one, and
// none comes before the answer to the one before.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "front/web/conversation.h"
#include "ipc/web.pb.h"

namespace {

using namespace sallyport;

void must(bool good) {
  if (!good) std::abort();
}

class NoRandom final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

class NoClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return 1; }
  base::Micros monotonic_us() const override { return 1; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const front::web::Pages pages;
  const NoClock clock;
  NoRandom random;
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  bool upgrade = false;
  bool whole = true;
  front::web::Conversation talk(pages, clock, random, [&](const ipc::WebToBroker& message) {
    if (message.has_request()) {
      must(message.request().number() == asked + 1);
      must((asked == answered) && message.ByteSizeLong() < 64 * 1024);
      asked = message.request().number();
      upgrade = message.request().upgrade();
      whole = message.request().body_bytes() == 0;
    } else if (message.has_body()) {
      must(message.body().number() == asked && !whole);
      whole = message.body().last();
    } else {
      must(message.has_frame() && upgrade);
    }
  });
  while (size > 0 && !talk.over()) {
    const std::size_t piece = std::min<std::size_t>(size, data[0] % 64 + 1);
    if (!talk.feed({data, piece})) break;
    data += piece;
    size -= piece;
    if (asked == answered || !whole || talk.has_socket()) continue;
    ipc::WebHead head;
    head.set_number(asked);
    head.set_status(upgrade ? 101 : 200);
    must(talk.head(head).has_value());
    if (!upgrade) answered = asked;
  }
  must(talk.output().size() < (1U << 24));
  return 0;
}
