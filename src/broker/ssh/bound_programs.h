// SPDX-License-Identifier: Apache-2.0
// Whether a program may start under an approval that names what may run. Trusted side; pure. A playbook's hash is what
// the client says; the hash of a command line is the gateway's own.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "policy/program_bound.h"

namespace sallyport::event {
class Request;
}

namespace sallyport::broker {

class BoundPrograms {
 public:
  explicit BoundPrograms(policy::ProgramBound bound) : bound_(std::move(bound)) {}

  /// What the client put into the environment of a channel.
  void note(const event::Request& request);
  /// Why the program that is asked for may not start; empty: it may, as far as the bound goes.
  std::string refusal(const event::Request& request) const;

 private:
  policy::ProgramBound bound_;
  std::set<std::uint32_t> stated_;  // channels that named the playbook: a session has so many at most
};

}  // namespace sallyport::broker
