// SPDX-License-Identifier: Apache-2.0
// wslay's callbacks over two buffers.
#include "front/web/web_socket.h"

#include <openssl/sha.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/escape.h"

namespace sallyport::front::web {

namespace {
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kMaxReason = 120;
}  // namespace

struct WebSocket::Impl {
  OnMessage on_message;
  base::Bytes input;
  std::size_t taken = 0;
  base::Bytes output;
  wslay_event_context_ptr context = nullptr;

  static Impl& self(void* user) { return *static_cast<Impl*>(user); }
};

WebSocket::WebSocket(OnMessage on_message) : impl_(std::make_unique<Impl>()) {
  impl_->on_message = std::move(on_message);
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = [](wslay_event_context_ptr context, std::uint8_t* out, std::size_t size, int,
                               void* user) -> ssize_t {
    Impl& impl = Impl::self(user);
    const std::size_t n = std::min(size, impl.input.size() - impl.taken);
    if (n == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::memcpy(out, impl.input.data() + impl.taken, n);
    impl.taken += n;
    return static_cast<ssize_t>(n);
  };
  callbacks.send_callback = [](wslay_event_context_ptr, const std::uint8_t* data, std::size_t size, int,
                               void* user) -> ssize_t {
    Impl& impl = Impl::self(user);
    impl.output.insert(impl.output.end(), data, data + size);
    return static_cast<ssize_t>(size);
  };
  callbacks.on_msg_recv_callback = [](wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* arg, void* user) {
    if (wslay_is_ctrl_frame(arg->opcode)) return;
    Impl::self(user).on_message(arg->opcode == WSLAY_TEXT_FRAME ? Kind::text : Kind::binary,
                                {arg->msg, arg->msg_length});
  };
  // A failed allocation is no state to go on in: feed() then reports the client as gone.
  if (wslay_event_context_server_init(&impl_->context, &callbacks, impl_.get()) != 0) impl_->context = nullptr;
  if (impl_->context != nullptr) wslay_event_config_set_max_recv_msg_length(impl_->context, kMaxMessageBytes);
}

WebSocket::~WebSocket() {
  if (impl_->context != nullptr) wslay_event_context_free(impl_->context);
}

std::string WebSocket::accept_of(std::string_view key) {
  const std::string text = std::string(key) + std::string(kGuid);
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base::to_base64(digest);
}

base::Status WebSocket::feed(base::ByteView bytes) {
  if (impl_->context == nullptr) return base::fail(base::Errc::internal, "no memory for a WebSocket");
  impl_->input.assign(bytes.begin(), bytes.end());
  impl_->taken = 0;
  const int received = wslay_event_recv(impl_->context);
  base::wipe(impl_->input.data(), impl_->taken);
  if (received != 0) return base::fail(base::Errc::invalid, "a broken WebSocket");
  // wslay answers a breach with a close frame and reads no more.
  if (impl_->taken < impl_->input.size() && wslay_event_get_close_received(impl_->context) == 0) {
    return base::fail(base::Errc::invalid, "a WebSocket frame against the rules");
  }
  return {};
}

void WebSocket::send(Kind kind, base::ByteView message) {
  if (impl_->context == nullptr) return;
  const wslay_event_msg queued{static_cast<std::uint8_t>(kind == Kind::text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME),
                               message.data(), message.size()};
  wslay_event_queue_msg(impl_->context, &queued);
}

void WebSocket::ping() {
  if (impl_->context == nullptr) return;
  const wslay_event_msg queued{WSLAY_PING, nullptr, 0};
  wslay_event_queue_msg(impl_->context, &queued);
}

void WebSocket::close(unsigned code, std::string_view reason) {
  if (impl_->context == nullptr) return;
  // wslay sends control frames before messages, and nothing after a close.
  if (wslay_event_send(impl_->context) != 0) return;
  const std::string text = base::cut_utf8(reason, kMaxReason);
  wslay_event_queue_close(impl_->context, static_cast<std::uint16_t>(code),
                          reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

base::Status WebSocket::take_output(base::Bytes& out) {
  if (impl_->context == nullptr) return base::fail(base::Errc::internal, "no memory for a WebSocket");
  if (wslay_event_send(impl_->context) != 0) return base::fail(base::Errc::internal, "a WebSocket cannot be written");
  out.insert(out.end(), impl_->output.begin(), impl_->output.end());
  impl_->output.clear();
  return {};
}

// We say it in answer to the client's, after a breach, or by close(): nothing follows it.
bool WebSocket::closed() const {
  return impl_->context == nullptr || wslay_event_get_close_sent(impl_->context) != 0;
}

}  // namespace sallyport::front::web
