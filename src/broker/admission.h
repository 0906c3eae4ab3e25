// SPDX-License-Identifier: Apache-2.0
// Who may connect and not log in: bounds on connections that have not authenticated yet, in all and by source. Trusted
// side; any thread may call.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sallyport::broker {

class Admission {
 public:
  Admission(std::size_t total, std::size_t per_source) : total_(total), per_source_(per_source) {}

  /// A place among the unauthenticated, given back when it goes.
  class Ticket {
   public:
    Ticket(Admission& admission, std::string source) : admission_(admission), source_(std::move(source)) {}
    ~Ticket() { admission_.leave(source_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    Admission& admission_;
    const std::string source_;
  };

  /// Null when the source, or everybody together, has too many. One source alone can never take all places.
  std::unique_ptr<Ticket> enter(const std::string& host);

 private:
  void leave(const std::string& source);

  const std::size_t total_, per_source_;
  std::mutex mutex_;
  std::size_t inside_ = 0;
  std::map<std::string, std::size_t> by_source_;
};

}  // namespace sallyport::broker
