// SPDX-License-Identifier: Apache-2.0
// One connected client of the admin socket: its requests, many at a time. Trusted side, main loop. What one client may
// have under way is bounded, so that it costs nobody but itself.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "broker/access/policy_state.h"
#include "broker/admin_socket/connection.h"
#include "broker/api/api.h"
#include "net/loop.h"

namespace sallyport::ipc {
class AdminRequest;
}

namespace sallyport::broker::admin_socket {

class SocketSink;

class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(api::Api& api, const PolicyHolder& policy, net::Loop& loop, std::shared_ptr<Connection> connection);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Connection& connection() { return *connection_; }
  /// From here on its messages are read. The peer is allowed to ask.
  void start();
  /// Says that the peer may not ask, and lets go of it.
  void refuse(const base::Error& error);
  /// Ends its requests and closes the connection.
  void close();
  /// Called once from the loop, when the client is gone.
  void on_gone(std::function<void()> callback) { on_gone_ = std::move(callback); }

 private:
  // A set of resources on its way in.
  struct Set {
    std::vector<ipc::ApplyItem> items;
    std::size_t bytes = 0;
    bool refused = false;  ///< what still comes of it is dropped, and what it was for fails too
  };
  struct UnderWay {
    api::ExchangePtr exchange;
    std::shared_ptr<SocketSink> sink;
    unsigned weight = 0;
  };

  void message(std::span<std::uint8_t> bytes);
  void dispatch(ipc::AdminRequest& message);
  void collect(std::uint64_t id, ipc::ApplyItem& item);
  void begin_with_set(std::uint64_t id, api::Request request);
  void refuse_set(std::uint64_t id);
  void cancel(std::uint64_t id);
  void begin(std::uint64_t id, api::Request request);
  /// Lets go of the request, unless the id is another one's by now.
  void ended(std::uint64_t id, const SocketSink* sink);
  void answer_failure(std::uint64_t id, const base::Error& error);
  void await_request();
  api::Caller caller() const;

  api::Api& api_;
  const PolicyHolder& policy_;
  net::Loop& loop_;
  std::shared_ptr<Connection> connection_;
  std::map<std::uint64_t, UnderWay> under_way_;
  std::map<std::uint64_t, Set> sets_;
  unsigned weight_ = 0;
  net::Timer idle_;
  std::function<void()> on_gone_;
};

}  // namespace sallyport::broker::admin_socket
