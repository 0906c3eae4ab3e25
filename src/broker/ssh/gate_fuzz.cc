// SPDX-License-Identifier: Apache-2.0
// Two legs that say anything at all to the gate: what it lets pass, and what the book counts, must be what an account
// of its own finds. Input: a byte of permissions, then events: a byte of flags, two of length, a serialized Event.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "broker/ssh/gate.h"
#include "broker/ssh/mosh_server.h"
#include "event/event.pb.h"

namespace sallyport::broker {
namespace {

constexpr std::size_t kMaxChannels = 4;
constexpr std::uint8_t kDown = 1, kOrderBulk = 2;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Shadow {
  struct Side {
    std::uint64_t data = 0, errors = 0, blocks = 0, error_blocks = 0;
    bool ended = false;
  };
  struct One {
    Side up, down;
    std::size_t answers_due = 0;
  };
  std::map<std::uint32_t, One> channels;
};

class Run {
 public:
  explicit Run(std::uint8_t bits) {
    for (std::uint8_t i = 0; i < policy::kPermissionCount; ++i) {
      if ((bits >> i & 1) != 0) permissions_.add(static_cast<policy::Permission>(i));
    }
    gate_ = Gate(permissions_, kMaxChannels);
  }

  // False: a worker would have ended.
  bool step(std::uint8_t flags, base::ByteView bytes) {
    event::Event event;
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
    const Direction from = (flags & kDown) != 0 ? Direction::down : Direction::up;
    const Judgement judgement = gate_.judge(event, from, book_);
    if (judgement.ruling == Ruling::fault) return false;
    if (judgement.ruling == Ruling::refuse) refused(event, judgement);
    if (judgement.ruling == Ruling::keep) kept(event, from);
    if (judgement.ruling == Ruling::pass) passed(event, from, flags);
    return true;
  }

  void check() {
    require(book_.open_count() <= kMaxChannels);
    for (const auto& [number, channel] : book_.all()) {
      const Shadow::One& shadow = shadow_.channels[number];
      require(channel.number == number && (number % 2 == 0) == (channel.opener == Direction::up));
      require(channel.up.as_events == shadow.up.data && channel.up.bulk_bytes == shadow.up.blocks);
      require(channel.down.as_events == shadow.down.data && channel.down.bulk_bytes == shadow.down.blocks);
      require(channel.down_stderr.as_events == shadow.down.errors);
      require(channel.down_stderr.bulk_bytes == shadow.down.error_blocks);
      event::ChannelCoverage coverage;
      ChannelBook::describe(channel, true, coverage);
      require(coverage.up_bytes() == shadow.up.data + shadow.up.blocks);
      require((coverage.coverage() == "refused") == channel.refused);
      require(coverage.SerializeAsString().size() < 100'000);
    }
  }

 private:
  Shadow::Side& side(std::uint32_t channel, Direction direction) {
    Shadow::One& one = shadow_.channels[channel];
    return direction == Direction::up ? one.up : one.down;
  }

  void refused(const event::Event& event, const Judgement& judgement) {
    require(!judgement.reason.empty());
    if (event.has_channel_open()) {
      // One more than a session may ever have is not booked at all.
      const std::uint32_t number = event.channel_open().channel();
      return require(number > 2 * ChannelBook::kMaxEver || book_.find(number)->refused);
    }
    require(event.has_request() || event.has_global_request());
  }

  // What nobody forwards: counted blocks, and what came too late.
  void kept(const event::Event& event, Direction from) {
    if (event.has_stream_block()) {
      const event::StreamBlock& block = event.stream_block();
      require(from == Direction::down && block.bytes() > 0 && block.bytes() <= ChannelBook::kMaxBlockBytes);
      Shadow::Side& counted = side(block.channel(), block.up() ? Direction::up : Direction::down);
      (block.stream() == event::STREAM_STDERR ? counted.error_blocks : counted.blocks) += block.bytes();
      return;
    }
    if (event.has_data()) return require(book_.find(event.data().channel())->refused);
    // What crossed a refusal on its way.
    if (event.has_eof()) return require(from == Direction::up && book_.find(event.eof().channel())->refused);
    if (event.has_close()) return require(from == Direction::up && book_.find(event.close().channel())->refused);
    if (event.has_bulk_begin())
      return require(from == Direction::up && book_.find(event.bulk_begin().channel())->refused);
    require(event.has_request() || (event.has_global_request() && from == Direction::down));
  }

  void passed(const event::Event& event, Direction from, std::uint8_t flags) {
    switch (event.kind_case()) {
      case event::Event::kChannelOpen:
        return require(!book_.find(event.channel_open().channel())->refused);
      case event::Event::kRequest:
        return request(event.request(), from);
      case event::Event::kRequestAnswer: {
        Channel& channel = *book_.find(event.request_answer().channel());
        require(shadow_.channels[channel.number].answers_due-- > 0);
        return channel.answers_due.pop_front();
      }
      case event::Event::kData: {
        const event::Data& data = event.data();
        Shadow::Side& at = side(data.channel(), from);
        const bool errors = data.stream() == event::STREAM_STDERR;
        require(!at.ended && !(errors && from == Direction::up));
        (errors ? at.errors : at.data) += data.bytes().size();
        // As the broker orders it: after data, once a stream is long enough.
        if ((flags & kOrderBulk) != 0) book_.find(data.channel())->stream(from, errors).bulk_ordered = true;
        return;
      }
      case event::Event::kEof:
        side(event.eof().channel(), from).ended = true;
        return;
      case event::Event::kClose:
        side(event.close().channel(), from).ended = true;
        return;
      case event::Event::kChannelOpened:
      case event::Event::kChannelRefused:
      case event::Event::kExit:
      case event::Event::kBulkBegin:
      case event::Event::kGlobalRequest:
      case event::Event::kGlobalAnswer:
        return;
      default:
        std::abort();  // what only the broker makes, and what is only kept
    }
  }

  void request(const event::Request& request, Direction from) {
    require(from == Direction::up);
    Channel& channel = *book_.find(request.channel());
    require(channel.type == "session" && !channel.refused);
    if (request.has_shell()) require(permissions_.has(policy::Permission::shell));
    if (request.has_exec()) require(permissions_.has(policy::Permission::exec));
    if (request.has_exec() && !permissions_.has(policy::Permission::mosh)) {
      require(!starts_mosh_server(request.exec().command()));
    }
    if (request.has_subsystem()) require(permissions_.has(policy::Permission::sftp));
    if (!request.want_answer()) return;
    channel.answers_due.push_back(false);
    ++shadow_.channels[channel.number].answers_due;
  }

  policy::Permissions permissions_;
  Gate gate_{policy::Permissions{}, 0};
  ChannelBook book_;
  Shadow shadow_;
};

}  // namespace
}  // namespace sallyport::broker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  if (size == 0) return 0;
  broker::Run run(data[0]);
  base::ByteView rest(data + 1, size - 1);
  while (rest.size() >= 3) {
    const std::uint8_t flags = rest[0];
    const std::size_t length = std::min<std::size_t>(rest[1] * 256U + rest[2], rest.size() - 3);
    if (!run.step(flags, rest.subspan(3, length))) break;
    rest = rest.subspan(3 + length);
  }
  run.check();
  return 0;
}
