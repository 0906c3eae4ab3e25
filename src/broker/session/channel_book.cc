// SPDX-License-Identifier: Apache-2.0
// Channel accounts.
#include "broker/session/channel_book.h"

#include <algorithm>

#include "base/escape.h"
#include "event/event.pb.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {
constexpr std::size_t kMaxName = 64;  // of a channel in the manifest; the record has the whole one
}  // namespace

void AnswersDue::pop_front() {
  if (++first_ < entries_.size() && first_ < 64) return;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  if (entries_.empty()) std::vector<bool>().swap(entries_);
}

Channel* ChannelBook::find(std::uint32_t number) {
  const auto found = channels_.find(number);
  return found == channels_.end() ? nullptr : &found->second;
}

const Channel* ChannelBook::find(std::uint32_t number) const {
  const auto found = channels_.find(number);
  return found == channels_.end() ? nullptr : &found->second;
}

base::Result<Channel*> ChannelBook::open(std::uint32_t number, Direction opener, const std::string& type) {
  std::int64_t& last = opener == Direction::up ? last_up_ : last_down_;
  const bool parity = (number % 2 == 0) == (opener == Direction::up);
  if (!parity || static_cast<std::int64_t>(number) <= last) {
    return fail(Errc::invalid, "channel number " + std::to_string(number) + " is not free to use");
  }
  last = number;
  if (number > 2 * kMaxEver) {
    return fail(Errc::full, "this session has had " + std::to_string(kMaxEver) + " channels; connect again");
  }
  Channel& channel = channels_[number];
  channel.number = number;
  channel.opener = opener;
  channel.type = base::cut_utf8(type, kMaxName);
  channel.purpose = channel.type;
  return &channel;
}

bool ChannelBook::has_open_terminal() const {
  return std::any_of(channels_.begin(), channels_.end(), [](const auto& entry) {
    const Channel& channel = entry.second;
    return channel.pty && !channel.refused && !(channel.closed_up && channel.closed_down);
  });
}

std::size_t ChannelBook::open_count() const {
  std::size_t count = 0;
  for (const auto& [unused, channel] : channels_)
    count += !channel.refused && !(channel.closed_up && channel.closed_down);
  return count;
}

base::Status ChannelBook::book_block(const event::StreamBlock& block) {
  Channel* channel = find(block.channel());
  if (channel == nullptr) return fail(Errc::invalid, "block of an unknown channel");
  const bool is_stderr = block.stream() == event::STREAM_STDERR;
  if (block.up() && is_stderr) return fail(Errc::invalid, "block of an impossible stream");
  StreamCount& stream = channel->stream(block.up() ? Direction::up : Direction::down, is_stderr);
  if (!stream.bulk_begun || block.offset() != stream.total() || block.bytes() == 0) {
    return fail(Errc::invalid, "block out of place");
  }
  // So no sum wraps: 2^40 of them fit.
  if (block.bytes() > kMaxBlockBytes) return fail(Errc::invalid, "a block larger than any can be");
  if (stream.claimed && stream.total() + block.bytes() > *stream.claimed) {
    return fail(Errc::invalid, "more was counted than was sent");
  }
  stream.bulk_bytes += block.bytes();
  stream.sha256 = base::to_bytes(base::view(block.sha256()));
  return {};
}

void ChannelBook::describe(const Channel& channel, bool hashed, event::ChannelCoverage& out) {
  const bool bulk = channel.up.bulk_begun || channel.down.bulk_begun || channel.down_stderr.bulk_begun;
  out.set_channel(channel.number);
  out.set_type(base::escape_for_terminal(channel.purpose, kMaxName));
  // What was only counted comes first: it must never look like what was seen.
  out.set_coverage(channel.refused  ? "refused"
                   : bulk && hashed ? "counted-and-hashed"
                   : bulk           ? "counted"
                   : channel.pty    ? "decoded"
                                    : "verbatim");
  out.set_up_bytes(channel.up.total());
  out.set_down_bytes(channel.down.total());
  out.set_stderr_bytes(channel.down_stderr.total());
  out.set_up_bulk_bytes(channel.up.bulk_bytes);
  out.set_down_bulk_bytes(channel.down.bulk_bytes);
  out.set_stderr_bulk_bytes(channel.down_stderr.bulk_bytes);
  out.set_up_sha256(base::to_text(channel.up.sha256));
  out.set_down_sha256(base::to_text(channel.down.sha256));
  out.set_stderr_sha256(base::to_text(channel.down_stderr.sha256));
}

}  // namespace sallyport::broker
