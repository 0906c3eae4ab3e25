// SPDX-License-Identifier: Apache-2.0
// sched_setaffinity, and when.
#include "broker/node/home_cpu.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace sallyport::broker {

namespace {

constexpr std::uint64_t kLongWaitNs = 50'000;  // a turn, on average: somebody computes here

bool set_affinity(pid_t task, const cpu_set_t& where) {
  return ::sched_setaffinity(task, sizeof(where), &where) == 0;
}

cpu_set_t only(int cpu) {
  cpu_set_t out;
  CPU_ZERO(&out);
  CPU_SET(static_cast<std::size_t>(cpu), &out);
  return out;
}

/// The n-th processor of a set that is not empty, counted round.
int nth_cpu(const cpu_set_t& set, unsigned n) {
  unsigned left = n % static_cast<unsigned>(CPU_COUNT(&set));
  int cpu = 0;
  while (!CPU_ISSET(static_cast<std::size_t>(cpu), &set) || left-- > 0) ++cpu;
  return cpu;
}

}  // namespace

bool is_crowded(const ThreadLoad& during, base::Micros elapsed_us) {
  if (during.turns == 0) return false;
  if (during.waited_ns / during.turns > kLongWaitNs) return true;
  return during.waited_ns / 1000 * 10 > static_cast<std::uint64_t>(elapsed_us) * 4;  // four tenths of the time
}

void HomeCpu::begin() {
  CPU_ZERO(&everywhere_);
  if (::sched_getaffinity(0, sizeof(everywhere_), &everywhere_) != 0 || CPU_COUNT(&everywhere_) < 2) return;
  schedstat_ = base::Fd(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
  if (schedstat_ && !read(seen_)) schedstat_.reset();
}

/// "RUN_NS WAITED_NS TURNS\n".
bool HomeCpu::read(ThreadLoad& out) const {
  std::array<char, 96> text{};
  const ssize_t size = ::pread(schedstat_.get(), text.data(), text.size(), 0);
  if (size <= 0) return false;
  const char* at = text.data();
  const char* const end = at + size;
  std::array<std::uint64_t, 3> numbers{};
  for (std::uint64_t& number : numbers) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return false;
    at = rest == end ? rest : rest + 1;
  }
  out = {numbers[1], numbers[2]};
  return true;
}

void HomeCpu::look(base::Micros now) {
  if (!schedstat_ || now - looked_at_ < kWindowUs) return;
  ThreadLoad load;
  if (!read(load)) return;
  const ThreadLoad during{load.waited_ns - seen_.waited_ns, load.turns - seen_.turns};
  const base::Micros elapsed = now - looked_at_;
  seen_ = load;
  looked_at_ = now;
  judge(during, elapsed, now);
}

void HomeCpu::judge(const ThreadLoad& during, base::Micros elapsed_us, base::Micros now) {
  const bool crowded = is_crowded(during, elapsed_us);
  calm_ = crowded ? 0 : calm_ + 1;
  if (cpu_ >= 0 && crowded) {
    if (now - stays_since_ < kSoonUs) {
      calm_wanted_ = std::min(calm_wanted_ * 2, kMostCalmWindows);
      regretted_at_ = now;
    }
    return roam();
  }
  if (now - regretted_at_ >= kSoonUs) calm_wanted_ = kCalmWindows;
  if (cpu_ < 0 && calm_ >= calm_wanted_) {
    stays_since_ = now;
    stay();
  }
}

void HomeCpu::disturb() {
  calm_ = 0;
  if (cpu_ < 0) return;
  cpu_ = -1;
  set_affinity(0, everywhere_);
}

void HomeCpu::stay() {
  const int home = nth_cpu(everywhere_, number_);
  if (set_affinity(0, only(home))) cpu_ = home;
}

void HomeCpu::roam() {
  ++number_;
  disturb();
}

void WorkerHome::add(pid_t worker) {
  if (count_ < workers_.size()) workers_[count_++] = worker;
}

void WorkerHome::passed(std::size_t bytes, const HomeCpu& home, base::Micros now) {
  if (left_) return;
  const bool was_quiet = bytes_ <= kQuietBytes;
  const bool window_over = now - window_began_ >= HomeCpu::kWindowUs;
  if (window_over) {
    bytes_ = 0;
    window_began_ = now;
  }
  bytes_ += bytes;
  if (bytes_ > kQuietBytes || home.cpu() < 0) {
    move(-1, home);
  } else if (window_over && was_quiet) {
    move(home.cpu(), home);
  }
}

void WorkerHome::leave_for_good(const HomeCpu& home) {
  left_ = true;
  move(-1, home);
}

void WorkerHome::move(int cpu, const HomeCpu& home) {
  if (cpu == cpu_) return;
  const cpu_set_t where = cpu < 0 ? home.everywhere() : only(cpu);
  for (std::size_t i = 0; i < count_; ++i) set_affinity(workers_[i], where);
  cpu_ = cpu;
}

}  // namespace sallyport::broker
