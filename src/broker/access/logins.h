// SPDX-License-Identifier: Apache-2.0
// The connections that are logged in, with a session or without, so that whoever changes a user reaches each of them.
// Trusted side; any thread may call.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace sallyport::broker {

class Logins {
 public:
  /// Makes a connection compare its identity with the policy in force: it must only post.
  using LookAgain = std::function<void()>;

  /// Stands among them as long as it lives.
  class Place {
   public:
    Place(Logins& logins, LookAgain look_again);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Logins& logins_;
    std::list<LookAgain>::iterator where_;
  };

  /// A connection enters first and compares its identity then: so a change in between is not missed.
  std::unique_ptr<Place> enter(LookAgain look_again) { return std::make_unique<Place>(*this, std::move(look_again)); }

  /// For whoever has put another policy in force.
  void all_look_again();

 private:
  std::mutex mutex_;
  std::list<LookAgain> inside_;
};

}  // namespace sallyport::broker
