// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/fd.h"

namespace sallyport::net {
namespace {

TEST(Loop, PostsFromAnotherThreadRunInOrder) {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  ASSERT_EQ(seen.size(), 100u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Loop, AWatchIsCalledAgainWhileThereIsMoreAndMayDestroyItself) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  base::Fd a(fds[0]), b(fds[1]);
  Loop loop;
  auto watch = std::make_unique<Watch>(loop, a.get());
  int reads = 0;
  watch->on_readable([&] {
    char c = 0;
    ASSERT_EQ(::read(a.get(), &c, 1), 1);
    if (++reads == 3) {
      watch.reset();
      loop.stop();
    }
  });
  watch->enable_read(true);
  ASSERT_EQ(::write(b.get(), "abc", 3), 3);
  loop.run();
  EXPECT_EQ(reads, 3);
}

TEST(Loop, OnceItIsThereItNeedsNoDescriptorsOfItsOwn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const base::Fd reader(ends[0]), writer(ends[1]);
  Loop loop;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Two are left, with which a sanitizer finds out what memory is readable; a reactor has three.
  const int first = ::dup(reader.get()), second = ::dup(reader.get());  // the two lowest that are free
  ASSERT_LT(first, second);
  const rlimit none{static_cast<rlim_t>(second) + 1, before.rlim_max};
  ::close(first);
  ::close(second);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  bool called = false;
  Watch watch(loop, reader.get());
  Timer timer(loop);
  watch.on_readable([&] {
    called = true;
    loop.stop();
  });
  watch.enable_read(true);
  timer.after_us(0, [&] { ASSERT_EQ(::write(writer.get(), "x", 1), 1); });
  loop.run();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(called);
}

TEST(Loop, ADisabledWatchIsSilent) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  base::Fd a(fds[0]), b(fds[1]);
  Loop loop;
  Watch watch(loop, a.get());
  bool called = false;
  watch.on_readable([&] { called = true; });
  watch.enable_read(true);
  watch.enable_read(false);
  ASSERT_EQ(::write(b.get(), "a", 1), 1);
  Timer timer(loop);
  timer.after_us(20'000, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(called);
}

TEST(Loop, ATimerSetAgainForgetsTheFirst) {
  Loop loop;
  Timer timer(loop);
  int which = 0;
  timer.after_us(1000, [&] { which = 1; });
  timer.after_us(5000, [&] {
    which += 2;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(which, 2);
}

}  // namespace
}  // namespace sallyport::net
