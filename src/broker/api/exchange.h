// SPDX-License-Identifier: Apache-2.0
// One request of a caller and its answer: any number of items, then exactly one end. Trusted side. Handlers run on the
// main loop and hand whatever blocks to another thread; answers to a caller that has left go nowhere.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/fd.h"
#include "base/result.h"
#include "broker/api/caller.h"
#include "broker/api/reply_sink.h"
#include "broker/node/services.h"
#include "broker/ssh/host_scan.h"

namespace sallyport::broker::api {

/// What only the wiring knows: for `sallyport status`, and how to reach a target.
struct NodeFacts {
  std::string version;
  std::string ssh_address;  ///< as bound: the real port
  base::Micros started_at_us = 0;
  /// Fetches a target's host keys; calls back once, on another thread. HostScanner::scan on a node.
  std::function<void(policy::Target, HostScanner::Done)> scan_host;
};

/// What every handler may use.
struct Context {
  Services& services;
  NodeFacts facts;
  net::Executor& files;  ///< opening and looking at files
  net::Executor& walks;  ///< over the whole audit log
};

/// A whole answer.
struct Answer {
  std::vector<Item> items = {};
  std::string done = "{}";  ///< a JSON object

  void add(std::string json, std::int64_t version = 0) { items.push_back({std::move(json), version}); }
};

/// What goes on after the handler returned, such as watching: destroyed on the main loop when the caller leaves.
class Activity {
 public:
  virtual ~Activity() = default;
};

/// On what an operation is the caller's.
enum class Scope { everything, own };

struct Operation;

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<const Context> context, Caller caller, const Operation& operation,
           std::shared_ptr<ReplySink> sink);

  const Context& context() const { return *context_; }
  Services& services() const { return context_->services; }
  const Caller& caller() const { return caller_; }
  Scope scope() const { return scope_; }

  // On the main loop only.
  /// Whether the caller may begin this: asked once, before anything else. False: refused, noted and answered.
  bool may_begin();
  /// For what goes on long after may_begin(): whether the caller may still do this under the resources in force. The
  /// scope may have shrunk. False: ended, noted and answered.
  bool may_go_on();
  bool finished() const { return finished_; }
  /// The caller is there and waits for more.
  bool open() const { return !finished_ && sink_ && sink_->open(); }
  /// Whether what was sent so far has gone: the time to send more.
  bool ready() const { return open() && sink_->ready(); }
  /// Runs once on the main loop when it is ready(), unless the exchange has ended by then; replaces an earlier one.
  void when_ready(std::function<void(Exchange&)> work);

  void watch_event(const ipc::WatchEvent& event);
  void recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds);
  /// Sends the items at the caller's pace, then goes on with `then`; one such call at a time.
  void pour(std::vector<Item> items, std::function<void(Exchange&)> then);
  void done(const std::string& json = "{}");
  void fail(const base::Error& error);
  /// At the caller's pace.
  void answer(base::Result<Answer> answer);
  void keep(std::unique_ptr<Activity> activity) { activity_ = std::move(activity); }
  Activity* activity() const { return activity_.get(); }
  /// The caller has left, or wants no more: nothing is sent any more and the activity ends.
  void abandon();

  /// Runs the work on that thread. An exception that it lets escape fails this request: nobody else would answer it.
  void run_on(net::Executor& executor, std::function<void(Exchange&)> work);
  /// Runs work that only looks at Services::reader, on its thread: after everything that the store's thread had to do
  /// by now, so that a caller who has just seen something happen reads of it.
  void read(std::function<void(Exchange&)> work);
  /// Runs the work on that thread and answers with what it returns.
  void answer_on(net::Executor& executor, std::function<base::Result<Answer>()> work);
  /// The same of work for read().
  void answer_read(std::function<base::Result<Answer>(store::Store& reader)> work);

  // Any thread.
  /// An audit event by this caller.
  audit::Event event(std::string type, std::string session = {}) const;
  /// Runs on the main loop, unless the exchange has ended by then.
  void post(std::function<void(Exchange&)> work);

 private:
  void pour_more();
  void check(const base::Status& sent);
  bool refuse(const base::Error& error);

  std::shared_ptr<const Context> context_;
  Caller caller_;
  const Operation& operation_;
  Scope scope_;
  std::weak_ptr<const PolicyState> judged_under_;
  std::shared_ptr<ReplySink> sink_;
  std::unique_ptr<Activity> activity_;
  std::deque<Item> held_;
  std::function<void(Exchange&)> then_;
  bool finished_ = false;
};

using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace sallyport::broker::api
