// SPDX-License-Identifier: Apache-2.0
// What an inspector may say, how much and of what: derived events are checked here before they are recorded. Trusted
// side; pure. An inspector that was taken over can lie about the screens of its session; it cannot flood the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/result.h"

namespace sallyport::event {
class Keyframe;
class TerminalState;
}  // namespace sallyport::event

namespace sallyport::broker {

class DerivedEvents {
 public:
  /// The largest terminal: codec/terminal clamps to the same.
  static constexpr std::uint32_t kMaxColumns = 1000;
  static constexpr std::uint32_t kMaxRows = 500;
  static constexpr int kMaxTraits = 32;
  /// One screen, in all its parts: the largest in its richest colours fits.
  static constexpr std::size_t kMaxScreenBytes = std::size_t{40} * 1024 * 1024;
  /// What an inspector may say over what it reads: at the beginning and for each screen that it is asked for, one of
  /// the largest; and for each message, a few events and some times what it holds. More does not gather than this.
  static constexpr std::size_t kPerMessageBytes = 16 * 1024;
  static constexpr std::size_t kTimesRead = 4;
  static constexpr std::size_t kMaxAllowance = 8 * kMaxScreenBytes;

  /// So much was sent to it.
  void sent(std::size_t bytes) { allow(kPerMessageBytes + kTimesRead * bytes); }
  /// It was asked for so many screens.
  void asked(std::size_t screens) { allow(screens * kMaxScreenBytes); }

  /// Errors: corrupt, full; no inspector says that. sent_up_to: the last event that it was sent.
  base::Status check(const event::Keyframe& keyframe, std::uint64_t sent_up_to);
  base::Status check(const event::TerminalState& state, std::uint64_t sent_up_to);

 private:
  struct Screen {
    std::uint64_t as_of = 0;
    std::uint32_t columns = 0, rows = 0;
    std::size_t bytes = 0;
    bool goes_on = false;  // more parts follow
  };
  void allow(std::size_t bytes);
  base::Status spend(std::size_t bytes);

  std::size_t allowance_ = kMaxScreenBytes;
  std::map<std::uint32_t, Screen> screens_;        // the last of each channel
  std::map<std::uint32_t, std::uint64_t> states_;  // as of when the last of each channel was
};

}  // namespace sallyport::broker
