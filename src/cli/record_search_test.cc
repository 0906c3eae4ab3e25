// SPDX-License-Identifier: Apache-2.0
// Hits as a contained reader hands them over.
#include "cli/record_search.h"

#include <gtest/gtest.h>

namespace sallyport::cli {
namespace {

TEST(Hits, ComeBackAsTheyWere) {
  const std::vector<Hit> hits{
      {0, 0, "command", "id"}, {1234567890123, 4'000'000'000, "output", std::string(512, 'x')}, {-5, 2, "output", ""}};
  const auto back = decode_hits(encode_hits(hits));
  ASSERT_TRUE(back) << back.message();
  ASSERT_EQ(back->size(), hits.size());
  for (std::size_t i = 0; i < hits.size(); ++i) {
    EXPECT_EQ((*back)[i].time_ms, hits[i].time_ms);
    EXPECT_EQ((*back)[i].channel, hits[i].channel);
    EXPECT_EQ((*back)[i].where, hits[i].where);
    EXPECT_EQ((*back)[i].text, hits[i].text);
  }
}

TEST(Hits, WhatATakenOverReaderMakesUpIsBounded) {
  const std::string good = encode_hits({{1, 2, "output", "text"}});
  for (std::size_t cut = 1; cut < good.size(); ++cut) EXPECT_FALSE(decode_hits(good.substr(0, cut))) << cut;
  EXPECT_FALSE(decode_hits(encode_hits({{1, 2, "output", std::string(513, 'x')}})));
  EXPECT_FALSE(decode_hits(encode_hits(std::vector<Hit>(kMaxHits + 1))));
  EXPECT_TRUE(decode_hits(encode_hits(std::vector<Hit>(kMaxHits))));
}

TEST(SearchText, IsSomethingThatShows) {
  EXPECT_TRUE(check_search_text("x"));
  EXPECT_FALSE(check_search_text(""));
  EXPECT_FALSE(check_search_text("\u200b\u00ad"));
  EXPECT_FALSE(check_search_text(std::string(1025, 'x')));
}

}  // namespace
}  // namespace sallyport::cli
