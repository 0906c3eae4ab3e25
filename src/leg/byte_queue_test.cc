// SPDX-License-Identifier: Apache-2.0
// Order, tags and size of what waits.
#include "leg/byte_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sallyport::leg {
namespace {

TEST(ByteQueue, KeepsOrderAndTags) {
  ByteQueue q;
  q.push(0, base::view("abc"));
  q.push(0, base::view("def"));
  q.push(1, base::view("err"));
  q.push(0, base::view("tail"));
  EXPECT_EQ(q.size(), 13u);
  std::string out;
  while (!q.empty()) {
    const std::size_t n = std::min<std::size_t>(2, q.front().size());
    out += static_cast<char>('0' + q.tag());
    out += base::text(q.front().first(n));
    q.consume(n);
  }
  EXPECT_EQ(out, "0ab0cd0ef1er1r0ta0il");
  EXPECT_EQ(q.size(), 0u);
}

TEST(ByteQueue, SurvivesManyRuns) {
  ByteQueue q;
  std::string expected, out;
  for (int i = 0; i < 1000; ++i) {
    const std::string part(static_cast<std::size_t>(i % 97) * 500, static_cast<char>('a' + i % 26));
    q.push(static_cast<std::uint8_t>(i % 2), base::view(part));
    expected += part;
    while (q.size() > 100'000) {
      out += base::text(q.front());
      q.consume(q.front().size());
    }
  }
  for (; !q.empty(); q.consume(q.front().size())) out += base::text(q.front());
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace sallyport::leg
