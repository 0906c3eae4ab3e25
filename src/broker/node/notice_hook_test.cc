// SPDX-License-Identifier: Apache-2.0
// The hook with real programs: what it is given, what it may not do, and what becomes of one that fails or hangs.
#include "broker/node/notice_hook.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/fd.h"

namespace sallyport::broker {
namespace {

class FakeClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return 1'000'000; }
  base::Micros monotonic_us() const override { return now; }
  std::atomic<base::Micros> now = 1'000'000'000;
};

class Events final : public AuditSink {
 public:
  void write(audit::Event event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  std::vector<audit::Event> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return events_.size() >= count; }));
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<audit::Event> events_;
};

std::string value(const audit::Event& event, const std::string& name) {
  for (const audit::Field& field : event.fields) {
    if (field.name != name) continue;
    if (const auto* text = std::get_if<std::string>(&field.value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
  }
  return "";
}

class NoticeHookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/sallyport-hook-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
  }
  void TearDown() override {
    if (hook_) on_loop([this] { hook_.reset(); });
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove_all(folder_);
  }
  /// A shell script as the program: the test's own; the hook executes it as it is.
  void start(const std::string& script, std::int64_t timeout_us = 20'000'000) {
    const std::string path = folder_ + "/hook";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::all & ~std::filesystem::perms::others_write);
    HookProcess::Program program{{path, "one two", "$HOME"}, {}, timeout_us};
    if (::geteuid() == 0) program.identity = ipc::WorkerIdentity{65534, 65534};
    // The program's parent is the thread that runs the loop, for as long as the test.
    thread_ = std::thread([this] { loop_.run(); });
    on_loop([&] { hook_ = std::make_unique<NoticeHook>(loop_, clock_, events_, "node1", std::move(program)); });
  }
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::string text_of(const std::string& name) {
    const std::string path = folder_ + "/" + name;
    for (int i = 0; i < 2000 && !std::filesystem::exists(path); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::ifstream in(path);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }

  std::string folder_;
  FakeClock clock_;
  Events events_;
  net::Loop loop_;
  std::unique_ptr<NoticeHook> hook_;
  std::thread thread_;
};

TEST_F(NoticeHookTest, TheProgramGetsTheNewsAndNothingElse) {
  const base::Fd left_open(::dup(0));  // without close-on-exec
  start(
      "cat > $0.in; printf '%s|' \"$@\" > $0.args; env | sort > $0.env; ls /proc/self/fd > $0.fds\n"
      "grep -E 'NoNewPrivs|^Uid' /proc/self/status > $0.status; mv $0.status $0.done");
  hook_->tell("request.create", R"({"id":"r1","reason":"it's \"down\""})");
  const std::string status = text_of("hook.done");
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos) << status;
  if (::geteuid() == 0) {
    EXPECT_NE(status.find("65534\t65534"), std::string::npos) << status;
  }
  const auto told = nlohmann::json::parse(text_of("hook.in"));
  EXPECT_EQ(told["kind"], "request.create");
  EXPECT_EQ(told["node"], "node1");
  EXPECT_EQ(told["time"], "1970-01-01T00:00:01Z");
  EXPECT_EQ(told["request"]["reason"], "it's \"down\"");
  EXPECT_EQ(text_of("hook.args"), "one two|$HOME|");
  const std::string environment = text_of("hook.env");
  EXPECT_EQ(environment.find("HOME="), std::string::npos) << environment;
  EXPECT_NE(environment.find("LANG=C.UTF-8"), std::string::npos);
  EXPECT_EQ(text_of("hook.fds"), "0\n1\n2\n3\n") << "3 is ls's own";
}

TEST_F(NoticeHookTest, FailuresAreToldOnceAMinuteWithTheirNumber) {
  start("exit 7");
  hook_->tell("request.create", "{}");
  const auto first = events_.wait_for(1);
  EXPECT_EQ(first[0].type, "notify.failure");
  EXPECT_EQ(value(first[0], "reason"), "it ended with status 7");
  EXPECT_EQ(value(first[0], "kind"), "request.create");
  EXPECT_EQ(value(first[0], "failures"), "1");
  for (int i = 0; i < 5; ++i) hook_->tell("change.create", "{}");
  // The first one that fails after a minute brings along those that failed before it.
  clock_.now += NoticeHook::kTellPeriodUs;
  hook_->tell("change.approve", "{}");
  const auto later = events_.wait_for(2);
  EXPECT_EQ(value(later[1], "kind").substr(0, 7), "change.");
  EXPECT_EQ(value(later[1], "reason"), "it ended with status 7");
}

TEST_F(NoticeHookTest, OneThatHangsIsKilledWithItsChildren) {
  start("sleep 1000 & echo $! > $0.child; mv $0.child $0.pid; wait", 300'000);
  hook_->tell("request.create", "{}");
  const int child = std::stoi(text_of("hook.pid"));
  EXPECT_EQ(value(events_.wait_for(1)[0], "reason"), "it did not end in time and was killed");
  const std::string path = "/proc/" + std::to_string(child) + "/stat";
  const auto lives = [&] {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return !text.str().empty() && text.str().find(") Z ") == std::string::npos;
  };
  for (int i = 0; i < 1000 && lives(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(lives());
}

TEST_F(NoticeHookTest, AProgramThatIsNotThereIsAFailure) {
  start("true");
  std::filesystem::remove(folder_ + "/hook");
  hook_->tell("request.create", "{}");
  EXPECT_NE(value(events_.wait_for(1)[0], "reason").find("cannot be executed"), std::string::npos);
}

TEST_F(NoticeHookTest, WhoTellsDoesNotWaitAndWhatDoesNotFitIsCounted) {
  start("sleep 1000", 60'000'000);
  on_loop([this] {  // the loop is busy: nothing is taken meanwhile
    for (std::size_t i = 0; i < NoticeHook::kMostWaiting + 10; ++i) hook_->tell("request.create", "{}");
  });
  EXPECT_EQ(value(events_.wait_for(1)[0], "reason"), "too many notices wait");
}

TEST_F(NoticeHookTest, WithoutAProgramNobodyIsTold) {
  thread_ = std::thread([this] { loop_.run(); });
  on_loop([this] { hook_ = std::make_unique<NoticeHook>(loop_, clock_, events_, "node1", HookProcess::Program{}); });
  EXPECT_FALSE(hook_->listens());
  hook_->tell("request.create", "{}");
  on_loop([] {});
}

}  // namespace
}  // namespace sallyport::broker
