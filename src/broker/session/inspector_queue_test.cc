// SPDX-License-Identifier: Apache-2.0
// What an inspector is sent, in which order, and what is dropped when it does not keep up.
#include "broker/session/inspector_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/node/queue_cost.h"
#include "ipc/message_kind.h"

namespace sallyport::broker {
namespace {

std::vector<std::uint64_t> numbers(const ipc::BrokerToInspector& message) {
  std::vector<std::uint64_t> out;
  for (const auto& one : message.events().events()) out.push_back(one.sequence());
  return out;
}

using Numbers = std::vector<std::uint64_t>;

TEST(InspectorQueue, GathersEventsInOrder) {
  InspectorQueue queue;
  EXPECT_TRUE(queue.all_read());
  EXPECT_TRUE(queue.push(3, base::view("a")));
  EXPECT_TRUE(queue.push(5, base::view("b")));
  EXPECT_FALSE(queue.all_read());
  ipc::BrokerToInspector message;
  EXPECT_EQ(queue.next(message), 2 * queue_cost(1));
  EXPECT_EQ(numbers(message), (Numbers{3, 5}));
  EXPECT_EQ(queue.next(message), 0u);
  EXPECT_FALSE(queue.all_read());
  EXPECT_TRUE(queue.read(5));
  EXPECT_TRUE(queue.all_read());
}

TEST(InspectorQueue, OnlyWhatWasSentCanBeRead) {
  InspectorQueue queue;
  ipc::BrokerToInspector message;
  EXPECT_FALSE(queue.read(1));
  EXPECT_TRUE(queue.push(3, base::view("a")));
  EXPECT_FALSE(queue.read(3));
  EXPECT_NE(queue.next(message), 0u);
  EXPECT_FALSE(queue.read(4));
  EXPECT_TRUE(queue.read(3));
  EXPECT_FALSE(queue.read(3)) << "twice";
}

TEST(InspectorQueue, SendsNoMoreThanMayBeUnread) {
  InspectorQueue queue;
  const std::string event(10'000, 'x');
  std::uint64_t last = 0;
  while (last < 40) ASSERT_TRUE(queue.push(++last, base::view(event)));
  ipc::BrokerToInspector message;
  std::size_t sent = 0;
  std::uint64_t up_to = 0;
  while (const std::size_t cost = queue.next(message)) {
    EXPECT_LE(message.ByteSizeLong(), ipc::kMaxMessageBytes - 1);
    sent += cost;
    up_to = numbers(message).back();
  }
  EXPECT_GE(sent, InspectorQueue::kMaxSentBytes);
  EXPECT_LE(sent, InspectorQueue::kMaxSentBytes + InspectorQueue::kMaxMessageBytes);
  EXPECT_LT(up_to, last);
  EXPECT_TRUE(queue.read(up_to));
  EXPECT_NE(queue.next(message), 0u);
  EXPECT_EQ(numbers(message).front(), up_to + 1);
}

TEST(InspectorQueue, WhatDoesNotFitIsAGapWithAllThatWaited) {
  InspectorQueue queue;
  const std::string event(10'000, 'x');
  std::uint64_t last = 0;
  while (queue.push(++last, base::view(event))) {
  }
  EXPECT_LE(last * queue_cost(event.size()), InspectorQueue::kMaxWaitingBytes + queue_cost(event.size()));
  ipc::InspectorGap gap;
  gap.add_terminals()->set_channel(4);
  queue.drop(last, gap);
  EXPECT_TRUE(queue.push(last + 1, base::view("after")));
  ipc::BrokerToInspector message;
  EXPECT_NE(queue.next(message), 0u);
  ASSERT_TRUE(message.has_gap());
  EXPECT_EQ(message.gap().up_to(), last);
  EXPECT_EQ(message.gap().terminals(0).channel(), 4u);
  EXPECT_NE(queue.next(message), 0u);
  EXPECT_EQ(numbers(message), (Numbers{last + 1}));
  EXPECT_TRUE(queue.read(last)) << "a gap is read as events are";
  EXPECT_TRUE(queue.read(last + 1));
  EXPECT_TRUE(queue.all_read());
}

TEST(InspectorQueue, ASecondGapBeforeTheFirstIsSentIsOneGap) {
  InspectorQueue queue;
  ipc::InspectorGap gap;
  queue.drop(10, gap);
  EXPECT_TRUE(queue.push(11, base::view("x")));
  queue.drop(12, gap);
  ipc::BrokerToInspector message;
  EXPECT_NE(queue.next(message), 0u);
  EXPECT_EQ(message.gap().up_to(), 12u);
  EXPECT_EQ(queue.next(message), 0u);
}

TEST(InspectorQueue, AnEventTooLongForAMessageIsNotTaken) {
  InspectorQueue queue;
  EXPECT_TRUE(queue.push(1, base::Bytes(InspectorQueue::kMaxMessageBytes, 'x')));
  EXPECT_FALSE(queue.push(2, base::Bytes(InspectorQueue::kMaxMessageBytes + 1, 'x')));
  ipc::BrokerToInspector message;
  EXPECT_NE(queue.next(message), 0u);
  EXPECT_LE(message.ByteSizeLong(), ipc::kMaxMessageBytes - 1);
}

}  // namespace
}  // namespace sallyport::broker
