// SPDX-License-Identifier: Apache-2.0
// The answer to one request, on its way over the admin socket. Trusted side, main loop. It holds nothing: what cannot
// be written yet waits in the connection, and its producer with it.
#pragma once

#include <functional>
#include <memory>

#include "broker/admin_socket/connection.h"
#include "broker/api/reply_sink.h"

namespace sallyport::ipc {
class AdminReply;
}

namespace sallyport::broker::admin_socket {

class SocketSink final : public api::ReplySink, public std::enable_shared_from_this<SocketSink> {
 public:
  /// on_ended is called once, when the end was sent.
  SocketSink(std::weak_ptr<Connection> connection, std::uint64_t id, std::function<void()> on_ended);

  bool open() const override;
  bool ready() const override;
  void when_ready(std::function<void()> callback) override;
  base::Status item(const api::Item& item) override;
  base::Status watch_event(const ipc::WatchEvent& event) override;
  base::Status recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) override;
  base::Status done(const std::string& json) override;
  void fail(const base::Error& error) override;

 private:
  base::Status send(ipc::AdminReply& reply, std::vector<base::Fd> fds = {});
  void end();

  std::weak_ptr<Connection> connection_;
  std::uint64_t id_;
  std::function<void()> on_ended_;
  std::function<void()> callback_;
  bool waiting_ = false;
};

}  // namespace sallyport::broker::admin_socket
