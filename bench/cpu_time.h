// SPDX-License-Identifier: Apache-2.0
// What a stretch of this process cost, for the bench programs. Not part of the product.
#pragma once

#include <sys/resource.h>
#include <sys/time.h>

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace sallyport::bench {

inline constexpr double kGib = 1024.0 * 1024.0 * 1024.0;

/// Seconds of this process alone, all its threads: what it computed, and what the kernel did for it.
struct CpuTime {
  double user_s = 0;
  double system_s = 0;

  double total_s() const { return user_s + system_s; }

  static CpuTime now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
  }
};

/// From its construction on.
class Stretch {
 public:
  /// Prints one line of JSON: the cost of `bytes` since the construction.
  void print(const char* name, std::uint64_t bytes) const {
    const CpuTime end = CpuTime::now();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
    const double gib = static_cast<double>(bytes) / kGib;
    const double user_s = end.user_s - cpu_.user_s;
    const double system_s = end.system_s - cpu_.system_s;
    std::printf(
        "{\"name\": \"%s\", \"bytes\": %llu, \"wall_s\": %.4f, \"user_s\": %.4f, \"system_s\": %.4f, "
        "\"cpu_s_per_gib\": %.4f}\n",
        name, static_cast<unsigned long long>(bytes), wall.count(), user_s, system_s, (user_s + system_s) / gib);
  }

 private:
  CpuTime cpu_ = CpuTime::now();
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
};

}  // namespace sallyport::bench
