// SPDX-License-Identifier: Apache-2.0
// Bytes between the socket, TLS and the conversation.
#include "front/web/web_worker.h"

#include <algorithm>
#include <array>

#include "base/escape.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {

namespace {

using base::Errc;
using base::fail;

constexpr std::size_t kMaxEndedReason = 512;
constexpr std::size_t kPlainBytes = 16 * 1024;
// Ciphertext that waits for the socket; above it, no more is encrypted.
constexpr std::size_t kMaxCipherBytes = 128 * 1024;

}  // namespace

WebWorker::WebWorker(leg::WorkerSockets sockets, const base::Clock& clock, base::Random& random, const Pages& pages)
    : WorkerLife(sockets, clock), peer_fd_(sockets.peer), pages_(pages), random_(random) {}

base::Status WebWorker::on_control(base::ByteView bytes, std::span<base::Fd>) {
  ipc::BrokerToWeb message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupt, "malformed message");
  }
  using Kind = ipc::BrokerToWeb;
  if (message.kind_case() == Kind::kStart) return start(message.start());
  if (!peer_) return fail(Errc::corrupt, "a message before the start");
  if (message.kind_case() == Kind::kSigned) {
    // A refusal, or a peer that broke the protocol: the alert goes out with the end.
    if (auto done = tls_->answer_signature(base::view(message.signed_().signature())); !done) {
      write_out();
      finish("TLS: " + done.message(), leg::Ending::broken);
    }
    return {};
  }
  return open_message(message);
}

base::Status WebWorker::open_message(const ipc::BrokerToWeb& message) {
  using Kind = ipc::BrokerToWeb;
  switch (message.kind_case()) {
    case Kind::kHead:
      return conversation_->head(message.head());
    case Kind::kPiece:
      return conversation_->piece(message.piece());
    case Kind::kFrame:
      return conversation_->frame(message.frame());
    case Kind::kWatched:
      return conversation_->watched(message.watched());
    case Kind::kClose:
      return conversation_->close(message.close());
    case Kind::kGoodbye:
      conversation_->say_goodbye();
      if (!tls_->open()) finish("not wanted any more", leg::Ending::clean);
      return {};
    case Kind::kConnected:
      watch_client(message.connected().keepalive_seconds(), message.connected().keepalive_unanswered());
      return conversation_->terminal(message);
    case Kind::kScreen:
    case Kind::kState:
    case Kind::kRoom:
    case Kind::kAsk:
    case Kind::kGreeting:
    case Kind::kEnd:
      return conversation_->terminal(message);
    default:
      return fail(Errc::corrupt, "a message that no web front takes");
  }
}

base::Status WebWorker::start(const ipc::WebStart& start) {
  if (peer_) return fail(Errc::corrupt, "a second start");
  leg::tls::Config config;
  config.alpn = {"http/1.1"};
  for (const std::string& der : start.chain()) config.chain.push_back(base::to_bytes(der));
  auto made = leg::tls::Connection::make(config);
  if (!made) return base::pass(made);
  tls_ = std::move(*made);
  conversation_ = std::make_unique<Conversation>(
      pages_, clock(), random_, [this](const ipc::WebToBroker& message) { port().send_secret_control(message); });
  if (start.one_request()) conversation_->limit_to_one_request();
  peer_ = std::make_unique<leg::BytePeer>(loop(), peer_fd_, output_, *this);
  attach(*peer_);
  return {};
}

base::Status WebWorker::peer_bytes(base::ByteView bytes) {
  unanswered_ = 0;
  if (auto fed = tls_->feed(bytes); !fed) {
    write_out();  // the alert
    return fed;
  }
  ask_for_signature();
  return read_plain();
}

void WebWorker::ask_for_signature() {
  const leg::tls::SignatureDue* due = tls_->signature_due();
  if (due == nullptr || std::exchange(signature_asked_, true)) return;
  ipc::WebToBroker message;
  message.mutable_sign()->set_kind(static_cast<std::uint32_t>(due->kind));
  message.mutable_sign()->set_hash(static_cast<std::uint32_t>(due->hash));
  message.mutable_sign()->set_bytes(due->bytes.data(), due->bytes.size());
  port().send_control(message);
}

base::Status WebWorker::read_plain() {
  std::array<std::uint8_t, kPlainBytes> plain;
  while (tls_->open() && !conversation_->over() && !conversation_->holds()) {
    auto n = tls_->read(plain);
    if (!n) return base::pass(n);
    if (*n == 0) break;
    auto fed = conversation_->feed(base::ByteView(plain).first(*n));
    base::wipe(plain.data(), *n);
    if (!fed) return fed;
  }
  return {};
}

// What the client hears, encrypted as far as the socket takes it soon.
void WebWorker::write_out() {
  base::Bytes& plain = conversation_->output();
  if (tls_->open()) {
    while (!plain.empty() && output_.size() < kMaxCipherBytes) {
      const std::size_t size = std::min(plain.size(), kPlainBytes);
      if (!tls_->write(base::ByteView(plain).first(size))) break;
      plain.erase(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size));
      const base::ByteView sealed = tls_->output();
      output_.insert(output_.end(), sealed.begin(), sealed.end());
      tls_->sent(sealed.size());
    }
    if (conversation_->over() && plain.empty()) tls_->close();
  }
  const base::ByteView sealed = tls_->output();
  output_.insert(output_.end(), sealed.begin(), sealed.end());
  tls_->sent(sealed.size());
}

base::Status WebWorker::move() {
  if (auto done = read_plain(); !done) return done;
  write_out();
  conversation_->was_written();
  peer_->flush();
  peer_->resume();
  // Back-pressure: what the broker has to say waits with it.
  const bool full = conversation_->output().size() > Conversation::kMaxOutputBytes;
  if (full != std::exchange(receiving_paused_, full)) {
    if (full) link().pause_receiving();
    if (!full) link().resume_receiving();
  }
  // The broker bounds how long a client may take for the last of it.
  if (conversation_->over() && conversation_->output().empty() && peer_->drained()) {
    finish(conversation_->has_socket() ? "the WebSocket was closed" : "answered", leg::Ending::clean);
  }
  if (tls_->peer_closed()) finish("the client closed the connection", leg::Ending::clean);
  return {};
}

// A browser that has gone without a word (its machine sleeps) would keep its session. One that is not read may have
// answered.
void WebWorker::watch_client(std::uint32_t seconds, std::uint32_t unanswered) {
  if (seconds == 0 || unanswered == 0) return;
  loop().after(std::int64_t{seconds} * 1'000'000, [this, seconds, unanswered] {
    if (finishing()) return;
    if (!peer_held() && ++unanswered_ > unanswered) return finish("the browser does not answer", leg::Ending::broken);
    conversation_->ping();
    watch_client(seconds, unanswered);
  });
}

leg::Loop::Before WebWorker::arm() {
  return peer_->arm();
}

bool WebWorker::peer_held() {
  return holds_peer(Awaited::no) || !tls_->wants_input() || conversation_->over() || conversation_->holds() ||
         output_.size() >= kMaxCipherBytes + kPlainBytes;
}

void WebWorker::peer_ended(leg::BytePeerEnd end, std::string_view text) {
  const auto how = end == leg::BytePeerEnd::closed ? leg::Ending::clean : leg::Ending::broken;
  finish(std::string(text), how);
}

void WebWorker::say_broken() {
  if (tls_) tls_->close();
  if (conversation_) write_out();
}

void WebWorker::tell_ended(const std::string& reason, leg::Ending how) {
  ipc::WebToBroker message;
  message.mutable_ended()->set_reason(base::escape_for_terminal(reason, kMaxEndedReason));
  message.mutable_ended()->set_clean(how == leg::Ending::clean);
  port().send_control(message);
}

}  // namespace sallyport::front::web
