// SPDX-License-Identifier: Apache-2.0
// For tests: a reader of answers that reads as much as the test lets it, and tests of operations through it.
#pragma once

#include <condition_variable>
#include <mutex>

#include "broker/api/services_test.h"

namespace sallyport::broker::api {

/// What came of a request.
struct Heard {
  std::vector<Item> items = {};
  std::vector<ipc::WatchEvent> events = {};
  std::string done = {};
  std::string failure = {};  // its code
  std::string message = {};
  bool ended = false;

  std::vector<std::string> json() const {
    std::vector<std::string> out;
    for (const Item& item : items) out.push_back(item.json);
    return out;
  }
};

/// Called on the loop, but for hear() and now(). room: how many more messages it takes before it is not ready.
class FakeSink final : public ReplySink {
 public:
  explicit FakeSink(net::Loop& loop, std::size_t room = SIZE_MAX) : loop_(loop), room_(room) {}

  bool open() const override { return open_; }
  bool ready() const override { return open_ && room_ > 0; }
  void when_ready(std::function<void()> callback) override {
    callback_ = std::move(callback);
    if (ready()) wake();
  }
  base::Status item(const Item& item) override {
    return take([&] { heard_.items.push_back(item); });
  }
  base::Status watch_event(const ipc::WatchEvent& event) override {
    return take([&] { heard_.events.push_back(event); });
  }
  base::Status recording(const ipc::RecordingHandle&, std::vector<base::Fd>) override {
    return take([] {});
  }
  base::Status done(const std::string& json) override {
    return take([&] {
      heard_.done = json;
      heard_.ended = true;
    });
  }
  void fail(const base::Error& error) override {
    (void)take([&] {
      heard_.failure = base::to_string(error.code);
      heard_.message = error.message;
      heard_.ended = true;
    });
  }

  /// On the loop: reads so much more.
  void read_more(std::size_t messages) {
    room_ += messages;
    if (callback_) wake();
  }
  /// On the loop: the reader leaves.
  void leave() { open_ = false; }

  /// Waits for the end of the answer.
  Heard hear() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return heard_.ended; })) << "no answer";
    return heard_;
  }
  /// Waits until so many messages came.
  Heard hear_messages(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return messages_ >= count; })) << messages_;
    return heard_;
  }
  Heard now() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  base::Status take(const std::function<void()>& note) {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(heard_.ended) << "something came after the end";
    note();
    ++messages_;
    if (room_ > 0) --room_;
    changed_.notify_all();
    return {};
  }
  void wake() {
    loop_.post([callback = std::exchange(callback_, nullptr)] { callback(); });
  }

  net::Loop& loop_;
  std::size_t room_;
  bool open_ = true;
  std::function<void()> callback_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Heard heard_;
  std::size_t messages_ = 0;
};

inline Caller administrator() {
  return {"local:root", Roles{policy::Role::administrator}, 0, {Way::admin_socket, "a test"}};
}

class ApiTest : public ServicesTest {
 protected:
  void stop() override {
    for (const ExchangePtr& exchange : begun_) exchange->abandon();
    begun_.clear();
  }

  ExchangePtr begin(Request request, const std::shared_ptr<FakeSink>& sink, Caller caller = administrator()) {
    ExchangePtr exchange;
    on_loop([&] {
      exchange = api->begin(std::move(caller), std::move(request), sink);
      begun_.push_back(exchange);
    });
    return exchange;
  }
  Heard ask(Request request, Caller caller = administrator()) {
    const auto sink = std::make_shared<FakeSink>(loop);
    begin(std::move(request), sink, std::move(caller));
    return sink->hear();
  }
  Heard apply(const std::vector<std::string>& resources, bool dry_run = false) {
    Apply asked;
    asked.dry_run = dry_run;
    for (const std::string& json : resources) asked.items.emplace_back().set_json(json);
    return ask(std::move(asked));
  }
  Heard get(const std::string& kind) {
    ipc::GetResource asked;
    asked.set_kind(kind);
    return ask(std::move(asked));
  }

 private:
  std::vector<ExchangePtr> begun_;
};

}  // namespace sallyport::broker::api
