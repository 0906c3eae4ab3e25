// SPDX-License-Identifier: Apache-2.0
// How many connections there may be, in all and by whom: of those that have not logged in, by source; of those that
// have, by user. Trusted side; any thread may call.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sallyport::broker {

class Admission {
 public:
  Admission(std::size_t total, std::size_t per_owner) : total_(total), per_owner_(per_owner) {}

  /// The owner that an address stands for: an IPv6 host has a whole /64 to itself.
  static std::string source_of(const std::string& host);

  /// A place, given back when it goes.
  class Ticket {
   public:
    Ticket(Admission& admission, std::string owner) : admission_(admission), owner_(std::move(owner)) {}
    ~Ticket() { admission_.leave(owner_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    Admission& admission_;
    const std::string owner_;
  };

  /// Null when the owner, or everybody together, has too many.
  std::unique_ptr<Ticket> enter(const std::string& owner);
  /// Places that are taken now.
  std::size_t inside() const;

 private:
  void leave(const std::string& owner);

  const std::size_t total_, per_owner_;
  mutable std::mutex mutex_;
  std::size_t inside_ = 0;
  std::map<std::string, std::size_t> by_owner_;
};

}  // namespace sallyport::broker
