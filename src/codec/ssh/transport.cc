// SPDX-License-Identifier: Apache-2.0
// Transport: the pump, what is sent and kept back. Identification is in transport_version.cc, key exchange in
// transport_exchange.cc.
// Runs in the untrusted workers.
#include "codec/ssh/transport.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "codec/ssh/transport_core.h"
#include "keys/wire.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kMaxDisconnectText = 1024;
constexpr std::size_t kMaxExtensions = 64;
constexpr std::uint32_t kMinPacketLimit = 35000;  // RFC 4253 §6.1
constexpr std::uint32_t kMaxPacketLimit = 256 * 1024;

std::uint8_t to_byte(MessageNumber n) {
  return static_cast<std::uint8_t>(n);
}

void fill_in(std::vector<std::string>& names, AlgorithmClass kind, Role role) {
  if (names.empty()) {
    const auto defaults = default_algorithms(kind, role);
    names.assign(defaults.begin(), defaults.end());
  }
  for (const std::string& name : names) {
    if (!is_known_algorithm(kind, name)) std::abort();
  }
}

}  // namespace

Transport::Impl::Impl(TransportConfig config, base::Random& random)
    : writer_(random), config_(std::move(config)), random_(&random) {
  if (!is_identification(config_.version)) std::abort();
  fill_in(config_.kex, AlgorithmClass::kex, config_.role);
  fill_in(config_.ciphers, AlgorithmClass::cipher, config_.role);
  fill_in(config_.macs, AlgorithmClass::mac, config_.role);
  fill_in(config_.host_key_algorithms, AlgorithmClass::host_key, config_.role);
  if (config_.server_sig_algs.empty()) {
    const auto defaults = default_server_sig_algs();
    config_.server_sig_algs.assign(defaults.begin(), defaults.end());
  }
  config_.max_packet_bytes = std::clamp(config_.max_packet_bytes, kMinPacketLimit, kMaxPacketLimit);
  offer_ = {config_.kex, config_.host_key_algorithms, config_.ciphers, config_.macs};
  if (config_.version_line == VersionLine::to_send) writer_.append(base::view(config_.version + "\r\n"));
  // The peer's version is not needed for our KEXINIT: one round trip less.
  (void)start_exchange(ExchangeKind::first);
}

base::Result<Event> Transport::Impl::next() {
  if (failure_) return tl::unexpected<base::Error>(*failure_);
  if (ended_ || (exchange_ && exchange_->demand_open())) return Event{};
  if (peer_version_.empty()) {
    auto got = read_version();
    if (!got) return breach(DisconnectReason::protocol_version_not_supported, std::move(got).error());
    if (!*got) return Event{};
  }
  if (auto started = start_exchange_if_due(); !started) return base::pass(started);
  while (!paused()) {
    auto packet = reader_.next();
    if (!packet) {
      const bool forged = packet.error().code == base::Errc::corrupt;
      return breach(forged ? DisconnectReason::mac_error : DisconnectReason::protocol_error, std::move(packet).error());
    }
    if (!*packet) return Event{};
    last_sequence_ = (*packet)->sequence;
    auto event = handle(**packet);
    if (!event || event->kind != EventKind::none) return event;
  }
  return Event{};
}

base::Status Transport::Impl::admit(std::uint8_t number) const {
  const bool generic = number <= to_byte(MessageNumber::debug);
  const bool exchange = number >= to_byte(MessageNumber::kexinit) && number < to_byte(MessageNumber::userauth_request);
  if (!keys_in_) {
    // Strict key exchange: nothing else may be slipped in, or sequence numbers would move (Terrapin).
    const bool padding = generic && number != to_byte(MessageNumber::disconnect);
    if ((!generic && !exchange) || (strict_ && padding)) {
      return base::fail(base::Errc::invalid, "message not allowed during the first key exchange");
    }
    return {};
  }
  if (exchange_ && exchange_->peer_started() && !generic && !exchange) {
    return base::fail(base::Errc::invalid, "message not allowed during a key exchange");
  }
  return {};
}

base::Result<Event> Transport::Impl::handle(const Packet& packet) {
  const std::uint8_t number = packet.payload[0];
  if (auto ok = admit(number); !ok) return breach(std::move(ok).error().message);
  if (number >= 80 && number < 128) {
    if (!authenticated_) return breach("connection message before authentication");
    return Event{EventKind::message, packet.payload};
  }
  if (number >= 20 && number < 50) return handle_exchange(number, packet);
  if (number >= 50 && number < 80) {
    // RFC 4252 §5.1, §5.3: what arrives after success is ignored.
    return authenticated_ ? Event{} : Event{EventKind::message, packet.payload};
  }
  return handle_generic(number, packet);
}

base::Result<Event> Transport::Impl::handle_generic(std::uint8_t number, const Packet& packet) {
  base::Status done;
  switch (static_cast<MessageNumber>(number)) {
    case MessageNumber::disconnect:
      done = on_disconnect(packet.payload);
      if (done) return Event{EventKind::disconnected, {}};
      break;
    case MessageNumber::ignore:
    case MessageNumber::unimplemented:
    case MessageNumber::debug:
    case MessageNumber::pong:
      break;
    case MessageNumber::service_request:
    case MessageNumber::service_accept:
      return Event{EventKind::message, packet.payload};
    case MessageNumber::ext_info:
      done = on_ext_info(packet.payload);
      break;
    case MessageNumber::ping:
      done = on_ping(packet.payload);
      break;
    default:
      done = reject_last_message();
      break;
  }
  if (!done) return breach(DisconnectReason::protocol_error, std::move(done).error());
  return Event{};
}

base::Status Transport::Impl::on_disconnect(base::ByteView payload) {
  keys::Reader r(payload.subspan(1));
  peer_disconnect_.reason = r.u32();
  const auto text = r.text();
  peer_disconnect_.text = std::string(text.substr(0, kMaxDisconnectText));
  ended_ = true;
  exchange_.reset();
  return {};
}

base::Status Transport::Impl::on_ext_info(base::ByteView payload) {
  keys::Reader r(payload.subspan(1));
  const std::uint32_t count = r.u32();
  if (count > kMaxExtensions) return base::fail(base::Errc::full, "too many extensions");
  for (std::uint32_t i = 0; i < count && r.ok(); ++i) {
    const std::string_view name = r.text();
    if (name == "server-sig-algs") {
      const auto names = r.name_list();
      peer_sig_algs_.assign(names.begin(), names.end());
      continue;
    }
    r.string();
    if (name == "publickey-hostbound@openssh.com") peer_offers_hostbound_ = true;
    if (name == "ping@openssh.com") peer_answers_ping_ = true;
  }
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed EXT_INFO");
  return {};
}

base::Status Transport::Impl::on_ping(base::ByteView payload) {
  keys::Reader r(payload.subspan(1));
  const base::ByteView data = r.string();
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed ping");
  base::Bytes pong;
  keys::Writer w(pong);
  w.u8(to_byte(MessageNumber::pong));
  w.string(data);
  return send(pong);
}

bool Transport::Impl::send_ping() {
  if (!peer_answers_ping_ || !alive()) return false;
  base::Bytes ping;
  keys::Writer w(ping);
  w.u8(to_byte(MessageNumber::ping));
  w.string(std::string_view());
  return send(ping).has_value();
}

base::Status Transport::Impl::reject_last_message() {
  base::Bytes payload;
  keys::Writer w(payload);
  w.u8(to_byte(MessageNumber::unimplemented));
  w.u32(last_sequence_);
  return send(payload);
}

base::Status Transport::Impl::send(base::ByteView payload) {
  assert(!payload.empty());
  if (!alive()) return base::fail(base::Errc::closed, "the connection has ended");
  if (!may_send_payloads()) {
    if (queue_.size() + payload.size() > config_.output_limit_bytes) {
      return base::fail(base::Errc::full, "too much is waiting for a key exchange");
    }
    keys::Writer(queue_).string(payload);
    return {};
  }
  // Twice the limit: next() stops at once of it, what the caller still has to say fits into the other.
  if (writer_.backlog() > 2 * config_.output_limit_bytes) {
    return base::fail(base::Errc::full, "the peer does not read");
  }
  if (auto written = writer_.write(payload); !written) return written;
  return start_exchange_if_due();
}

base::Status Transport::Impl::flush_queue() {
  keys::Reader r(queue_);
  while (r.ok() && r.remaining() > 0) {
    if (auto written = writer_.write(r.string()); !written) return written;
  }
  base::wipe(queue_.data(), queue_.size());
  base::Bytes().swap(queue_);
  return {};
}

bool Transport::Impl::can_begin_payload() const {
  return alive() && may_send_payloads() && writer_.has_room();
}

base::Status Transport::Impl::end_payload(std::size_t n, base::ByteView elsewhere) {
  if (auto ended = writer_.end(n, elsewhere); !ended) return ended;
  return start_exchange_if_due();
}

void Transport::Impl::set_authenticated() {
  authenticated_ = true;
  reader_.set_max_packet(config_.max_packet_bytes);
}

void Transport::Impl::give_back_buffers() {
  reader_.give_back();
  writer_.give_back();
}

tl::unexpected<base::Error> Transport::Impl::breach(DisconnectReason reason, base::Error error) {
  if (!failure_) {
    failure_ = error;
    // Before the version exchange a peer would not understand it.
    if (!peer_version_.empty()) write_disconnect(reason, error.message);
    exchange_.reset();
  }
  return tl::unexpected<base::Error>(std::move(error));
}

tl::unexpected<base::Error> Transport::Impl::breach(std::string message) {
  return breach(DisconnectReason::protocol_error, base::Error{base::Errc::invalid, std::move(message)});
}

void Transport::Impl::write_disconnect(DisconnectReason reason, std::string_view text) {
  base::Bytes payload;
  keys::Writer w(payload);
  w.u8(to_byte(MessageNumber::disconnect));
  w.u32(static_cast<std::uint32_t>(reason));
  w.string(text);
  w.string(std::string_view());
  (void)writer_.write(payload);  // the connection ends either way
}

void Transport::Impl::disconnect(DisconnectReason reason, std::string_view text) {
  if (!alive()) return;
  if (!peer_version_.empty()) write_disconnect(reason, text);
  ended_ = true;
  exchange_.reset();
}

Transport::Transport(TransportConfig config, base::Random& random)
    : impl_(std::make_unique<Impl>(std::move(config), random)) {}
Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;
Transport::~Transport() = default;

std::span<std::uint8_t> Transport::in_space() {
  return impl_->reader_.space();
}
void Transport::in_commit(std::size_t n) {
  impl_->reader_.commit(n);
}
base::Result<Event> Transport::next() {
  return impl_->next();
}
void Transport::wipe_last_message() {
  const auto payload = impl_->reader_.last_payload();
  base::wipe(payload.data(), payload.size());
}
base::Status Transport::reject_last_message() {
  return impl_->reject_last_message();
}
const KexEvidence& Transport::kex_evidence() const {
  return impl_->evidence();
}
base::Status Transport::answer_host_signature(base::ByteView host_key, base::ByteView exchange_hash,
                                              base::ByteView signature) {
  return impl_->answer_host_signature(host_key, exchange_hash, signature);
}
base::Status Transport::answer_host_check(base::ByteView exchange_hash) {
  return impl_->answer_host_check(exchange_hash);
}
void Transport::refuse_host() {
  impl_->refuse_host();
}
base::Status Transport::send(base::ByteView payload) {
  return impl_->send(payload);
}
bool Transport::can_begin_payload() const {
  return impl_->can_begin_payload();
}
std::span<std::uint8_t> Transport::begin_payload(std::size_t max_bytes) {
  if (!impl_->can_begin_payload()) return {};
  return impl_->writer_.begin(max_bytes, WhenFull::wait);
}
base::Status Transport::end_payload(std::size_t n, base::ByteView elsewhere) {
  return impl_->end_payload(n, elsewhere);
}
base::ByteView Transport::out_view() const {
  return impl_->writer_.view();
}
bool Transport::paused() const {
  return impl_->paused();
}
void Transport::out_consume(std::size_t n) {
  impl_->writer_.consume(n);
}
void Transport::set_authenticated() {
  impl_->set_authenticated();
}
void Transport::request_rekey() {
  impl_->request_rekey();
}
void Transport::disconnect(DisconnectReason reason, std::string_view text) {
  impl_->disconnect(reason, text);
}
bool Transport::send_ping() {
  return impl_->send_ping();
}
void Transport::give_back_buffers() {
  impl_->give_back_buffers();
}
bool Transport::key_exchange_under_way() const {
  return impl_->exchanging();
}
base::ByteView Transport::session_id() const {
  return impl_->session_id_;
}
const std::string& Transport::peer_version() const {
  return impl_->peer_version_;
}
const PeerGreeting& Transport::peer_greeting() const {
  return impl_->greeting_;
}
const base::Error* Transport::failure() const {
  return impl_->failure();
}
const PeerDisconnect& Transport::peer_disconnect() const {
  return impl_->peer_disconnect_;
}
const std::vector<std::string>& Transport::peer_sig_algs() const {
  return impl_->peer_sig_algs_;
}
bool Transport::peer_offers_hostbound() const {
  return impl_->peer_offers_hostbound_;
}
const std::string& Transport::negotiated() const {
  return impl_->negotiated_;
}
std::uint64_t Transport::bytes_in() const {
  return impl_->reader_.total_bytes();
}
std::uint64_t Transport::bytes_out() const {
  return impl_->writer_.total_bytes();
}

}  // namespace sallyport::codec::ssh
