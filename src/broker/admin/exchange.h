// SPDX-License-Identifier: Apache-2.0
// One request of an admin client and its answer: any number of items, then exactly one end. Trusted side. Handlers run
// on the main loop and hand whatever blocks to another thread; answers to a client that has left go nowhere.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/fd.h"
#include "base/result.h"
#include "broker/admin/connection.h"
#include "broker/admin/peer.h"
#include "broker/admin/server.h"
#include "broker/node/services.h"

namespace sallyport::ipc {
class AdminReply;
class AdminRequest;
}  // namespace sallyport::ipc

namespace sallyport::broker::admin {

/// What every handler may use.
struct Context {
  Services& services;
  NodeFacts facts;
  net::Executor& slow;  ///< the admin socket's own thread: account lookups, reading files, walking the audit log
};

/// A whole answer.
struct Answer {
  std::vector<std::string> items;  ///< JSON objects
  std::string done = "{}";         ///< a JSON object
};

/// What goes on after the handler returned, such as watching: destroyed on the main loop when the client leaves.
class Activity {
 public:
  virtual ~Activity() = default;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<const Context> context, std::weak_ptr<Connection> connection, Peer peer);

  const Context& context() const { return *context_; }
  Services& services() const { return context_->services; }
  const Peer& peer() const { return peer_; }
  bool finished() const { return finished_; }
  /// Null when the client has left.
  std::shared_ptr<Connection> connection() const;

  // On the main loop only.
  void send(const ipc::AdminReply& reply, std::vector<base::Fd> fds = {});
  void item(const std::string& json);
  void done(const std::string& json = "{}");
  void fail(const base::Error& error);
  void answer(base::Result<Answer> answer);
  void keep(std::unique_ptr<Activity> activity) { activity_ = std::move(activity); }
  Activity* activity() const { return activity_.get(); }
  /// The client has left: nothing is sent any more and the activity ends.
  void abandon();

  /// Runs the work on that thread. An exception that it lets escape fails this request: nobody else would answer it.
  void run_on(net::Executor& executor, std::function<void(Exchange&)> work);
  /// Runs work that only looks at Services::reader, on its thread: after everything that the store's thread had to do
  /// by now, so that who has just seen something happen reads of it.
  void read(std::function<void(Exchange&)> work);
  /// The same, and answers with what it returns.
  void answer_read(std::function<base::Result<Answer>(store::Store& reader)> work);
  /// Runs the work on that thread and answers with what it returns.
  void answer_on(net::Executor& executor, std::function<base::Result<Answer>()> work);

  // Any thread.
  /// An audit event by this peer.
  audit::Event event(std::string type, std::string session = {}) const;
  /// Runs on the main loop, unless the client has left by then.
  void post(std::function<void(Exchange&)> work);

 private:
  std::shared_ptr<const Context> context_;
  std::weak_ptr<Connection> connection_;
  Peer peer_;
  std::unique_ptr<Activity> activity_;
  bool finished_ = false;
};

using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace sallyport::broker::admin
