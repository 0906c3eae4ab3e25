// SPDX-License-Identifier: Apache-2.0
// Keeps a quiet session on one processor. A key goes through front, broker and back, and its echo comes back through
// them: waking a process on another, sleeping processor costs more than all that they do. So a session thread stays on
// a processor, each on another one, and the workers of its quiet sessions join it there, as long as nobody has to wait
// for it; who moves much, or waits, roams as the kernel likes. Trusted side; on the session's thread. Best effort:
// where the kernel refuses (a container without CAP_SYS_NICE, a cpuset), nothing is lost but time.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/fd.h"

namespace sallyport::broker {

/// What a thread has done and waited, from schedstat (Documentation/scheduler/sched-stats.rst).
struct ThreadLoad {
  std::uint64_t waited_ns = 0;  ///< runnable, while others had the processor
  std::uint64_t turns = 0;      ///< times that it got it
};

/// Whether a thread that did this within a time waits so much, or so long at a time, that it had better go elsewhere.
bool is_crowded(const ThreadLoad& during, base::Micros elapsed_us);

/// Of one session thread.
class HomeCpu {
 public:
  static constexpr base::Micros kWindowUs = 100'000;
  static constexpr unsigned kCalmWindows = 2;         ///< in a row, before it stays
  static constexpr unsigned kMostCalmWindows = 16;    ///< as the above, which doubles when staying was soon regretted
  static constexpr base::Micros kSoonUs = 2'000'000;  ///< after which a regret is forgotten, too

  /// number: of the thread among its like, so that they spread.
  explicit HomeCpu(unsigned number) : number_(number) {}
  /// On the thread itself. A process that has one processor, or a kernel without schedstat, leaves it roaming for ever.
  void begin();
  /// Once an event, at most one judgement a window: whether to stay, or to roam. now: monotonic.
  void look(base::Micros now);
  /// Bulk goes through a session of this thread: it roams, as the ends of the bulk do, which wait for its word.
  void disturb();
  /// What look() does with what it reads: during is what the thread did in the elapsed time.
  void judge(const ThreadLoad& during, base::Micros elapsed_us, base::Micros now);
  /// The processor on which it stays; -1 while it roams.
  int cpu() const { return cpu_; }
  const cpu_set_t& everywhere() const { return everywhere_; }

 private:
  bool read(ThreadLoad& out) const;
  void stay();
  void roam();

  unsigned number_;  // which of the processors is tried: the next one after each that was crowded
  base::Fd schedstat_;
  cpu_set_t everywhere_{};
  int cpu_ = -1;
  ThreadLoad seen_;
  base::Micros looked_at_ = 0;
  unsigned calm_ = 0;  // windows in a row, while it roams
  unsigned calm_wanted_ = kCalmWindows;
  base::Micros stays_since_ = 0;
  base::Micros regretted_at_ = 0;
};

/// The two workers of one session.
class WorkerHome {
 public:
  static constexpr std::size_t kQuietBytes = 64 * 1024;  ///< a window

  void add(pid_t worker);
  /// This much went through; home has looked already. now: monotonic.
  void passed(std::size_t bytes, const HomeCpu& home, base::Micros now);
  /// Bulk begins. From here on the session roams: its two ends need a processor each.
  void leave_for_good(const HomeCpu& home);
  /// One of them has ended: its number may be somebody else's now, and is not used any more.
  void forget() { count_ = 0; }

 private:
  void move(int cpu, const HomeCpu& home);

  std::array<pid_t, 2> workers_{};
  std::size_t count_ = 0;
  int cpu_ = -1;
  bool left_ = false;
  std::size_t bytes_ = 0;  // in this window
  base::Micros window_began_ = 0;
};

}  // namespace sallyport::broker
