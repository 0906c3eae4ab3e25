// SPDX-License-Identifier: Apache-2.0
// Which recorded request a recorded verdict is about. Pure; reads a record's events, which are foreign. It never
// guesses: a verdict that names no entry, or another channel than that entry's, is about none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace sallyport::event {

class Event;

/// A shell, a command or a subsystem is asked for.
bool starts_program(const Event& event);

class VerdictMatch {
 public:
  /// Takes the record's events in their order, each with its entry's sequence number. For a verdict about a request
  /// that starts a program: the sequence number of that request.
  std::optional<std::uint64_t> see(std::uint64_t sequence, const Event& event);

 private:
  std::map<std::uint64_t, std::uint32_t> channels_;  // of the requests without a verdict so far, by their sequence
};

}  // namespace sallyport::event
