// SPDX-License-Identifier: Apache-2.0
// What the rules of a protocol say about one event. Trusted side; plain values.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport::broker {

enum class Ruling : std::uint8_t {
  pass,    ///< record and forward
  keep,    ///< record, do not forward: meant for the record alone
  hold,    ///< record, and ask whether to forward: its channel waits in this direction, all else flows
  refuse,  ///< record the refusal; the asker is told no
  fault,   ///< no well-behaved leg says this: its worker ends
};

struct Judgement {
  Ruling ruling = Ruling::fault;
  std::string name;    ///< what was judged: "exec", "x11-req", …
  std::string reason;  ///< of a refusal or a fault
};

}  // namespace sallyport::broker
