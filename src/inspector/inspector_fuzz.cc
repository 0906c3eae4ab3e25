// SPDX-License-Identifier: Apache-2.0
// Fuzzes what an inspector reads: a session's events, whose contents a user and a target choose, and gaps among them.
// What it tells is within the bounds that the broker holds it to.
#include <cstdlib>

#include "inspector/terminal/terminal_decoder.h"

namespace {

using namespace sallyport;

class Ear final : public inspector::Teller {
 public:
  explicit Ear(std::uint64_t as_of) : as_of_(as_of) {}
  bool congested() const override { return told_ >= 3; }
  void tell(const event::Keyframe& keyframe) override {
    ++told_;
    const bool fits = keyframe.columns() > 0 && keyframe.columns() <= 1000 && keyframe.rows() > 0 &&
                      keyframe.rows() <= 500 && keyframe.ansi().size() <= 48 * 1024 && keyframe.as_of() <= as_of_;
    if (!fits) std::abort();
  }
  void tell(const event::TerminalState& state) override {
    ++told_;
    if (state.traits_size() > codec::terminal::kTraits || state.as_of() != as_of_) std::abort();
  }

 private:
  const std::uint64_t as_of_;
  int told_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  inspector::terminal::TerminalDecoder decoder;
  ipc::BrokerToInspector message;
  std::uint64_t as_of = 0;
  while (size >= 2) {
    const std::size_t length = std::min<std::size_t>(data[0] * 256U + data[1], size - 2);
    if (message.ParseFromArray(data + 2, static_cast<int>(length))) {
      for (const auto& recorded : message.events().events()) {
        event::Event event;
        if (event.ParseFromString(recorded.event())) decoder.see(event);
      }
      if (message.has_gap()) decoder.gap(message.gap());
      if (message.has_keyframes_wanted()) decoder.keyframes_wanted();
    }
    Ear ear(++as_of);
    (void)decoder.tell_changes(ear, as_of);
    (void)decoder.tell_rest(ear, as_of);
    data += 2 + length;
    size -= 2 + length;
  }
  return 0;
}
