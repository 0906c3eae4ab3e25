// SPDX-License-Identifier: Apache-2.0
// Who may use the process's file descriptors. What a live session will still need (the next part of its record) is
// put aside when it opens, so that it is the next user who finds no room, and never a session that lives. Trusted side;
// any thread may call.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "config/config.h"

namespace sallyport::broker {

/// Of a connection whose front runs: the front's socket and its process.
inline constexpr std::size_t kConnectionDescriptors = 2;
/// Of a connection that is accepted and has its front started: the user's socket beside these.
inline constexpr std::size_t kArrivingDescriptors = 3;
/// What a session adds: the back's and the inspector's sockets and their processes; the record, its current and its
/// next tail; one for what is only held in passing, as the target's socket before a back has it.
inline constexpr std::size_t kSessionDescriptors = 8;

/// How the node divides its descriptors, from its start on.
struct DescriptorPlan {
  std::size_t limit = 0;     ///< RLIMIT_NOFILE
  std::size_t preauth = 0;   ///< connections that are not logged in: `preauth_total`, as far as it fits
  std::size_t places = 0;    ///< descriptors for users who are logged in and for their sessions
  std::size_t kept = 0;      ///< of these, what sessions leave: a user can always log in and hear why
  std::size_t sessions = 0;  ///< `max_sessions`, as far as it fits
  std::size_t lookups = 0;   ///< of names, at once
  std::size_t lookups_per_user = 0;
};

/// Errors: full, when the limit is too low for any node.
base::Result<DescriptorPlan> plan_descriptors(std::size_t limit, const config::Limits& limits,
                                              std::size_t session_threads);
/// The limit of this process.
std::size_t descriptor_limit();

class DescriptorBudget {
 public:
  explicit DescriptorBudget(std::size_t places) : free_(places) {}

  /// Descriptors that somebody may use until this goes.
  class Share {
   public:
    Share(DescriptorBudget& budget, std::size_t count) : budget_(budget), count_(count) {}
    ~Share() { budget_.give_back(count_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    DescriptorBudget& budget_;
    const std::size_t count_;
  };

  /// Null when they are not there, or when fewer than `keep` would stay.
  std::unique_ptr<Share> take(std::size_t count, std::size_t keep = 0);

 private:
  void give_back(std::size_t count);

  std::mutex mutex_;
  std::size_t free_;
};

}  // namespace sallyport::broker
