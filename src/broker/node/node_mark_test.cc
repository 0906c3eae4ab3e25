// SPDX-License-Identifier: Apache-2.0
#include "broker/node/node_mark.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

namespace sallyport::broker {
namespace {

TEST(NodeMark, AnotherKeyIsNotThisNodes) {
  std::string dir = (std::filesystem::temp_directory_path() / "sallyport-mark-XXXXXX").string();
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  const base::Bytes own(32, 1), other(32, 2);
  EXPECT_TRUE(check_node_mark(dir, own)) << "none is none";
  EXPECT_TRUE(check_node_mark(dir, other));
  ASSERT_TRUE(leave_node_mark(dir, own));
  EXPECT_TRUE(check_node_mark(dir, own));
  const base::Status refused = check_node_mark(dir, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::corrupt);
  EXPECT_THAT(refused.message(), testing::HasSubstr("node.key.pub"));
  ASSERT_TRUE(leave_node_mark(dir, other)) << "it stays what it is";
  EXPECT_TRUE(check_node_mark(dir, own));
  EXPECT_FALSE(leave_node_mark(dir + "/missing", own));
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace sallyport::broker
