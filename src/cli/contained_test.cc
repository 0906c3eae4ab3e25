// SPDX-License-Identifier: Apache-2.0
// A contained child: what it says arrives, and it can do nothing else.
#include "cli/contained.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>

namespace sallyport::cli {
namespace {

struct Ended {
  base::Result<int> result = 0;
  std::string out;
  std::string err;
};

class ContainedTest : public testing::Test {
 protected:
  ContainedTest() { EXPECT_FALSE(sandbox::make_reader_box(box_)); }

  Contained start(const ContainedWork& work, std::vector<int> kept = {}) {
    auto child = Contained::start(box_, kept, {24, 80}, work);
    EXPECT_TRUE(child) << child.message();
    return std::move(*child);
  }
  // Until the child is over, or has said so much.
  static Ended listen(Contained& child, std::size_t until = SIZE_MAX) {
    Ended ended;
    while (!child.over() && ended.out.size() < until) {
      std::vector<pollfd> polls;
      child.add_polls(polls);
      if (::poll(polls.data(), polls.size(), 30'000) <= 0) break;
      Contained::Said said;
      child.take(polls, said);
      ended.out += said.out;
      ended.err += said.err;
    }
    if (child.over()) ended.result = child.result();
    return ended;
  }
  Ended run(const ContainedWork& work, std::vector<int> kept = {}) {
    Contained child = start(work, std::move(kept));
    return listen(child);
  }

  sandbox::ReaderBox box_;
};

TEST_F(ContainedTest, ItsWordsAndItsResultArrive) {
  const Ended ended = run([](Viewer&) -> base::Result<int> {
    for (int i = 0; i < 100'000; ++i) std::cout << "line " << i << "\n";
    std::cerr << "a remark\n";
    return 3;
  });
  EXPECT_EQ(*ended.result, 3);
  EXPECT_EQ(ended.out.size(), 1'088'890U);
  EXPECT_EQ(ended.err, "a remark\n");
  const Ended failed = run([](Viewer&) -> base::Result<int> { return base::fail(base::Errc::denied, "no key"); });
  EXPECT_EQ(failed.result.error().code, base::Errc::denied);
  EXPECT_EQ(failed.result.message(), "no key");
}

TEST_F(ContainedTest, ReadsTheDescriptorsThatItWasGivenAndNoOther) {
  const base::Fd given(::memfd_create("given", MFD_CLOEXEC));
  const base::Fd other(::memfd_create("other", MFD_CLOEXEC));
  ASSERT_TRUE(base::write_all(given.get(), base::view("contents")));
  const Ended ended = run(
      [&](Viewer&) -> base::Result<int> {
        char bytes[16] = {};
        std::cout << ::pread(given.get(), bytes, sizeof bytes, 0) << bytes
                  << ::pread(other.get(), bytes, sizeof bytes, 0);
        return 0;
      },
      {given.get()});
  EXPECT_EQ(ended.out, "8contents-1");
}

TEST_F(ContainedTest, WhatReachesOutEndsIt) {
  const std::vector<std::pair<const char*, std::function<void()>>> attempts{
      {"open", [] { (void)::open("/etc/passwd", O_RDONLY); }},
      {"stat",
       [] {
         struct stat s {};
         (void)::stat("/", &s);
       }},
      {"socket", [] { (void)::socket(AF_INET, SOCK_STREAM, 0); }},
      {"kill", [] { (void)::kill(1, 0); }},
      {"fork", [] { (void)::fork(); }},
      {"exec", [] { (void)::execl("/bin/true", "true", nullptr); }},
      {"executable memory",
       [] { (void)::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
  };
  for (const auto& [name, attempt] : attempts) {
#ifdef SALLYPORT_SANITIZED
    if (std::string_view(name) == "open" || std::string_view(name) == "stat") continue;  // answered for their reports
#endif
    const Ended ended = run([&attempt = attempt](Viewer&) -> base::Result<int> {
      attempt();
      std::cout << "went on";
      return 0;
    });
    EXPECT_FALSE(ended.result) << name;
    EXPECT_EQ(ended.result.error().code, base::Errc::corrupt) << name;
    EXPECT_NE(ended.result.message().find("SIGSYS"), std::string::npos) << name << ": " << ended.result.message();
    EXPECT_EQ(ended.out, "") << name;
  }
}

#ifndef SALLYPORT_SANITIZED
TEST_F(ContainedTest, ItsMemoryIsBounded) {
  const Ended ended = run([](Viewer&) -> base::Result<int> {
    std::vector<std::string> hoard;
    for (;;) hoard.emplace_back(1 << 20, 'x');
  });
  ASSERT_FALSE(ended.result);
  EXPECT_EQ(ended.result.error().code, base::Errc::full);
  EXPECT_NE(ended.result.message().find("512 MiB"), std::string::npos);
}
#endif

TEST_F(ContainedTest, HasNoRightsAndLeavesNoCore) {
  Contained child = start([](Viewer& viewer) -> base::Result<int> {
    viewer.write("ready");
    while (!viewer.left()) viewer.wait(1000);
    return 0;
  });
  EXPECT_EQ(listen(child, 5).out, "ready");
  const std::string proc = "/proc/" + std::to_string(child.pid());
  std::stringstream status;
  status << std::ifstream(proc + "/status").rdbuf() << std::ifstream(proc + "/limits").rdbuf();
  const std::string text = status.str();
  EXPECT_NE(text.find("Seccomp:\t2"), std::string::npos) << text;
  EXPECT_NE(text.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(text.find("CapEff:\t0000000000000000"), std::string::npos);
  EXPECT_NE(text.find("CapPrm:\t0000000000000000"), std::string::npos);
  EXPECT_NE(text.find("Max core file size        0                    0"), std::string::npos) << text;
  if (::geteuid() == 0) {
    EXPECT_NE(text.find("Uid:\t65534\t65534\t65534\t65534"), std::string::npos);
    struct stat owner {};
    ASSERT_EQ(::stat((proc + "/maps").c_str(), &owner), 0);
    EXPECT_EQ(owner.st_uid, 0U) << "it can be traced by others of its user";
  }
}

TEST_F(ContainedTest, HearsOfKeysSizesAndEvents) {
  Contained child = start([](Viewer& viewer) -> base::Result<int> {
    viewer.take_screen();
    while (!viewer.left() && !viewer.watch_ended()) {
      const Key key = viewer.wait_key(1000);
      if (key == Key::faster) viewer.write("faster ");
      if (viewer.take_resized())
        viewer.write(std::to_string(viewer.size().rows) + "x" + std::to_string(viewer.size().columns) + " ");
      for (std::string event = viewer.take_watched(); !event.empty(); event = viewer.take_watched())
        viewer.write(event);
    }
    return viewer.left() ? 1 : 0;
  });
  const auto key = static_cast<char>(Key::faster);
  ASSERT_TRUE(child.tell(Order::key, {&key, 1}));
  EXPECT_EQ(listen(child, 7).out, "faster ");
  ASSERT_TRUE(child.tell(Order::size, {"\x2c\x01\x50\x00", 4}));
  EXPECT_EQ(listen(child, 7).out, "300x80 ");
  ASSERT_TRUE(child.tell(Order::watched, "an event"));
  ASSERT_TRUE(child.tell(Order::watch_end, ""));
  const Ended ended = listen(child);
  EXPECT_EQ(ended.out, "an event");
  EXPECT_EQ(*ended.result, 0);
}

TEST_F(ContainedTest, OneThatIsLeftAloneEnds) {
  pid_t pid = 0;
  {
    const Contained child = start([](Viewer&) -> base::Result<int> {
      for (;;) {
      }
    });
    pid = child.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1) << "it lives on";
}

}  // namespace
}  // namespace sallyport::cli
