// SPDX-License-Identifier: Apache-2.0
#include "cli/new_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::cli {
namespace {

struct NewFileTest : ::testing::Test {
  std::string path = ::testing::TempDir() + "sallyport-new-file-" + std::to_string(::getpid());
  ~NewFileTest() override { ::unlink(path.c_str()); }
  std::string content() {
    const auto bytes = base::read_file(path, 1 << 20);
    return bytes ? base::to_text(*bytes) : bytes.message();
  }
};

TEST_F(NewFileTest, IsThereWhenItWasKept) {
  const std::string large(200'000, 'x');
  auto file = NewFile::create(path);
  ASSERT_TRUE(file) << file.message();
  file->out() << large << 'y';
  ASSERT_TRUE(file->keep());
  EXPECT_TRUE(content() == large + "y");
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST_F(NewFileTest, IsGoneWhenItsResultFailed) {
  {
    auto file = NewFile::create(path);
    ASSERT_TRUE(file);
    file->out() << "half of it" << std::flush;
    EXPECT_EQ(content(), "half of it");
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  EXPECT_TRUE(NewFile::create(path)) << "so another try works";
}

TEST_F(NewFileTest, LeavesAnExistingFileAlone) {
  auto first = NewFile::create(path);
  ASSERT_TRUE(first);
  first->out() << "mine";
  ASSERT_TRUE(first->keep());
  EXPECT_FALSE(NewFile::create(path));
  EXPECT_EQ(content(), "mine");
}

}  // namespace
}  // namespace sallyport::cli
