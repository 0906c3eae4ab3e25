// SPDX-License-Identifier: Apache-2.0
// Lines of the manifest, and their sums where there are too many.
#include "broker/session/coverage.h"

#include <map>
#include <string>
#include <string_view>

#include "event/event.pb.h"

namespace sallyport::broker {

namespace {

constexpr std::size_t kLineHead = 5;     // tag and length of a line in its message
constexpr std::size_t kLineOfSum = 128;  // more than one takes
constexpr std::size_t kKindsOfSums = 5;  // of coverage, and shortened itself

void add_up(const event::ChannelCoverage& line, event::ChannelCoverage& sum) {
  sum.set_channels(sum.channels() + 1);
  sum.set_up_bytes(sum.up_bytes() + line.up_bytes());
  sum.set_down_bytes(sum.down_bytes() + line.down_bytes());
  sum.set_stderr_bytes(sum.stderr_bytes() + line.stderr_bytes());
  sum.set_up_bulk_bytes(sum.up_bulk_bytes() + line.up_bulk_bytes());
  sum.set_down_bulk_bytes(sum.down_bulk_bytes() + line.down_bulk_bytes());
  sum.set_stderr_bulk_bytes(sum.stderr_bulk_bytes() + line.stderr_bulk_bytes());
}

void add_sums(const std::map<std::string, event::ChannelCoverage>& sums, std::string_view type, event::SessionEnd& end,
              const std::string& coverage = {}) {
  for (const auto& [name, sum] : sums) {
    event::ChannelCoverage& line = *end.add_coverage();
    line = sum;
    line.set_type(type.empty() ? name : std::string(type));
    line.set_coverage(coverage.empty() ? name : coverage);
  }
}

}  // namespace

void describe_coverage(const ChannelBook& book, const Rules& rules, bool hashed, std::size_t max_bytes,
                       event::SessionEnd& end) {
  std::map<std::string, event::ChannelCoverage> refused, rest;
  for (const auto& [unused, channel] : book.all()) {
    if (channel.refused) add_up({}, refused[std::string(rules.counted_as(channel.type))]);
  }
  add_sums(refused, {}, end, "refused");
  std::size_t size = end.ByteSizeLong() + kKindsOfSums * kLineOfSum;
  for (const auto& [unused, channel] : book.all()) {
    if (channel.refused) continue;
    event::ChannelCoverage line;
    ChannelBook::describe(channel, hashed, line);
    const std::size_t more = line.ByteSizeLong() + kLineHead;
    if (size + more > max_bytes) {
      add_up(line, rest[line.coverage()]);
      continue;
    }
    size += more;
    *end.add_coverage() = std::move(line);
  }
  end.set_shortened(!rest.empty());
  add_sums(rest, "more channels", end);
}

}  // namespace sallyport::broker
