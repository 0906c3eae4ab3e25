// SPDX-License-Identifier: Apache-2.0
// The server's end of one WebSocket (RFC 6455), over wslay: frames in, messages out. Untrusted side; pure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::front::web {

class WebSocket {
 public:
  /// A client sends acts and keys, no files.
  static constexpr std::size_t kMaxMessageBytes = 32 * 1024;

  enum class Kind : bool { binary, text };
  using OnMessage = std::function<void(Kind, base::ByteView)>;

  explicit WebSocket(OnMessage on_message);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// What Sec-WebSocket-Accept answers to the key (section 4.2.2).
  static std::string accept_of(std::string_view key);

  /// The client's bytes. Errors: invalid, a breach of the protocol; what to tell the client is in take_output().
  base::Status feed(base::ByteView bytes);
  void send(Kind kind, base::ByteView message);
  /// A client answers it by itself (section 5.5.2).
  void ping();
  /// After what was sent before. 1000 normal, 1008 policy, 1013 try again later …
  void close(unsigned code, std::string_view reason);
  /// Appends what is to be written.
  base::Status take_output(base::Bytes& out);
  /// We have said that this is the end.
  bool closed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::front::web
