// SPDX-License-Identifier: Apache-2.0
// Cuts a terminal's byte stream into whole units: text, characters, controls, escape and control sequences. Untrusted
// side. What is unfinished is held back, so that libvterm sees only whole, bounded units, however the stream was cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sallyport::codec::terminal {

/// Longest escape or control sequence that is obeyed; a longer one is swallowed whole.
inline constexpr std::size_t kMaxSequenceBytes = 256;
inline constexpr std::size_t kMaxParameters = 32;

/// A control sequence (ECMA-48 §5.4): CSI leader parameters intermediate final.
struct Csi {
  struct Parameter {
    int value = -1;            ///< -1 when omitted; at most 9999
    bool sub_follows = false;  ///< the next one is its sub-parameter (':')
  };
  char leader = 0;        ///< '?', '>', '<', '=' or 0
  char intermediate = 0;  ///< ' ', '!', '"', '$', '\'' … or 0
  char final = 0;
  std::array<Parameter, kMaxParameters> parameters{};
  std::size_t count = 0;  ///< at least 1

  int value_or(std::size_t i, int otherwise) const {
    return i < count && parameters[i].value >= 0 ? parameters[i].value : otherwise;
  }
};

/// Receives the units.
class UnitSink {
 public:
  virtual ~UnitSink() = default;
  virtual void text(std::string_view ascii) = 0;  ///< 0x20 to 0x7E
  virtual void character(char32_t code, std::string_view utf8) = 0;
  virtual void control(std::uint8_t code) = 0;     ///< C0
  virtual void escape(std::string_view body) = 0;  ///< without the ESC
  virtual void csi(const Csi& sequence) = 0;
};

class Splitter {
 public:
  void feed(base::ByteView bytes, UnitSink& sink);
  /// The start of the unit that is not finished: fed to a fresh splitter it leads to the same state.
  std::string pending() const;

 private:
  enum class State : std::uint8_t { ground, character, escape, csi, string, string_escape };
  void byte(std::uint8_t c, UnitSink& sink);
  void ground(std::uint8_t c, UnitSink& sink);
  void character(std::uint8_t c, UnitSink& sink);
  void finish_character(UnitSink& sink);
  void escape(std::uint8_t c, UnitSink& sink);
  void sequence(std::uint8_t c, UnitSink& sink);
  void string_byte(std::uint8_t c, UnitSink& sink);
  void begin(State state, std::uint8_t c);
  void keep(std::uint8_t c);

  State state_ = State::ground;
  std::uint8_t expected_ = 0;  // bytes of the character being read
  std::string held_;
};

}  // namespace sallyport::codec::terminal
