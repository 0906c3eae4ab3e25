// SPDX-License-Identifier: Apache-2.0
#include "ipc/event_parts.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::ipc {
namespace {

std::vector<base::Bytes> parts_of(const base::Bytes& event) {
  std::vector<base::Bytes> out;
  base::Bytes scratch;
  send_in_parts(event, scratch, [&](const base::Bytes& message) { out.push_back(message); });
  return out;
}

base::Bytes event_of(std::size_t size) {
  base::Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return out;
}

TEST(EventParts, ComeTogetherAgain) {
  EventJoiner joiner;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMaxMessageBytes - 1, kMaxMessageBytes,
                                 2 * (kMaxMessageBytes - 1), kMaxEventBytes, std::size_t{5}}) {
    const base::Bytes event = event_of(size);
    const auto messages = parts_of(event);
    EXPECT_EQ(messages.size(), std::max<std::size_t>(1, (size + kMaxMessageBytes - 2) / (kMaxMessageBytes - 1)));
    std::size_t whole = 0;
    for (const base::Bytes& message : messages) {
      ASSERT_LE(message.size(), kMaxMessageBytes);
      const auto got = joiner.take(static_cast<MessageKind>(message[0]), base::ByteView(message).subspan(1));
      ASSERT_TRUE(got);
      if (!*got) continue;
      ++whole;
      EXPECT_TRUE(std::equal((*got)->begin(), (*got)->end(), event.begin(), event.end()));
    }
    EXPECT_EQ(whole, 1u);
  }
}

TEST(EventParts, HaveABound) {
  EventJoiner joiner;
  const base::Bytes part(kMaxMessageBytes - 1);
  std::size_t taken = 0;
  while (joiner.take(MessageKind::event_part, part)) taken += part.size();
  EXPECT_LE(taken, kMaxEventBytes);
  EXPECT_GT(taken + part.size(), kMaxEventBytes);
  EXPECT_FALSE(EventJoiner().take(MessageKind::event_part, {})) << "no message without progress";
}

}  // namespace
}  // namespace sallyport::ipc
