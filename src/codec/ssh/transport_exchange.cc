// SPDX-License-Identifier: Apache-2.0
// Key exchange of the transport (RFC 4253 §7 to §9, RFC 8308, strict key exchange). Runs in the untrusted workers.
// It must never decide whether a host key is right, nor make an exchange hash its own: both are answers to demands.
#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "codec/ssh/key_derivation.h"
#include "codec/ssh/transport_core.h"
#include "keys/wire.h"

namespace sallyport::codec::ssh {

namespace {

std::uint8_t to_byte(MessageNumber n) {
  return static_cast<std::uint8_t>(n);
}

MessageNumber reply_number(keys::KexMethod method) {
  return keys::is_group_exchange(method) ? MessageNumber::gex_reply : MessageNumber::kex_reply;
}

void add_names(const FlowChoice& flow, std::vector<std::string>& out) {
  const auto add = [&out](std::string_view name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.emplace_back(name);
  };
  add(flow.cipher->name);
  if (flow.mac) add(flow.mac->name);
}

std::string describe(const FlowChoice& flow) {
  std::string out(flow.cipher->name);
  if (flow.mac) out.append("+").append(flow.mac->name);
  return out;
}

}  // namespace

base::Status Transport::Impl::start_exchange(ExchangeKind kind) {
  assert(!exchange_);
  exchange_ = std::make_unique<Exchange>();
  exchange_->kind = kind;
  exchange_->own_init = encode_kexinit(offer_, config_.role, kind, *random_);
  rekey_requested_ = false;
  return writer_.write(exchange_->own_init);
}

base::Status Transport::Impl::start_exchange_if_due() {
  if (exchange_ || !authenticated_) return {};
  const auto due = [&](const auto& half) {
    return half.bytes_since_keys() >= config_.rekey_bytes || half.packets_since_keys() >= config_.rekey_packets;
  };
  if (!rekey_requested_ && !due(reader_) && !due(writer_)) return {};
  return start_exchange(ExchangeKind::repeated);
}

void Transport::Impl::request_rekey() {
  if (!authenticated_ || !alive() || exchange_) return;
  rekey_requested_ = true;
  if (auto started = start_exchange_if_due(); !started) (void)breach(DisconnectReason::by_application, started.error());
}

base::Result<Event> Transport::Impl::handle_exchange(std::uint8_t number, const Packet& packet) {
  if (exchange_ && exchange_->skip_guess && number >= to_byte(MessageNumber::kex_init)) {
    exchange_->skip_guess = false;  // RFC 4253 §7: a wrong guess
    return Event{};
  }
  using Stage = Exchange::Stage;
  const auto in_stage = [&](Stage stage) { return exchange_ && exchange_->stage == stage; };
  base::Result<Event> event = Event{};
  if (number == to_byte(MessageNumber::kexinit) && (!exchange_ || in_stage(Stage::sent_init))) {
    if (auto done = on_kexinit(packet); !done) event = base::pass(done);
  } else if (number == to_byte(MessageNumber::kex_init) && in_stage(Stage::awaiting_init)) {
    event = on_kex_init(packet.payload);
  } else if (number == to_byte(MessageNumber::gex_group) && in_stage(Stage::awaiting_group)) {
    if (auto done = on_gex_group(packet.payload); !done) event = base::pass(done);
  } else if (in_stage(Stage::awaiting_reply) && number == to_byte(reply_number(exchange_->choice.kex))) {
    event = on_kex_reply(packet.payload);
  } else if (number == to_byte(MessageNumber::newkeys) && in_stage(Stage::awaiting_newkeys)) {
    event = on_newkeys(packet.payload);
  } else {
    return breach("key exchange message out of order");
  }
  if (!event) return breach(DisconnectReason::key_exchange_failed, std::move(event).error());
  return event;
}

base::Status Transport::Impl::on_kexinit(const Packet& packet) {
  if (packet.payload.size() > kMaxKexInitBytes) return base::fail(base::Errc::full, "KEXINIT too large");
  auto peer = decode_kexinit(packet.payload);
  if (!peer) return base::pass(peer);
  if (!exchange_) {
    if (!authenticated_) return base::fail(base::Errc::invalid, "repeated key exchange before authentication");
    if (auto started = start_exchange(ExchangeKind::repeated); !started) return started;
  }
  Exchange& x = *exchange_;
  const bool client = config_.role == Role::client;
  if (x.kind == ExchangeKind::first) {
    strict_ = peer->names_kex(client ? kStrictServer : kStrictClient);
    peer_wants_ext_info_ = !client && peer->names_kex(kExtInfoClient);
    if (strict_ && packet.sequence != 0) return base::fail(base::Errc::invalid, "KEXINIT was not the first packet");
  }
  auto choice = negotiate(offer_, config_.role, *peer);
  if (!choice) return base::pass(choice);
  x.choice = std::move(*choice);
  x.skip_guess = x.choice.peer_guessed_wrong;
  x.peer_init = base::to_bytes(packet.payload);
  negotiated_ = x.choice.kex_name + " " + x.choice.host_key_algorithm + " " + describe(x.choice.up) + " " +
                describe(x.choice.down) + (strict_ ? " strict" : "");
  if (client) return keys::is_group_exchange(x.choice.kex) ? ask_for_group() : start_agreement();
  x.stage = Exchange::Stage::awaiting_init;
  return {};
}

base::Status Transport::Impl::start_agreement() {
  Exchange& x = *exchange_;
  auto agreement = make_key_agreement(x.choice.kex, config_.role, *random_);
  if (!agreement) return base::pass(agreement);
  x.agreement = std::move(*agreement);
  x.stage = Exchange::Stage::awaiting_reply;
  return write_public(MessageNumber::kex_init, x.agreement->public_value());
}

base::Status Transport::Impl::ask_for_group() {
  base::Bytes payload;
  keys::Writer w(payload);
  w.u8(to_byte(MessageNumber::gex_request));
  w.u32(keys::kGroupMinBits);
  w.u32(keys::kGroupPreferredBits);
  w.u32(keys::kGroupMaxBits);
  exchange_->stage = Exchange::Stage::awaiting_group;
  return writer_.write(payload);
}

base::Status Transport::Impl::on_gex_group(base::ByteView payload) {
  Exchange& x = *exchange_;
  keys::Reader r(payload.subspan(1));
  const base::ByteView prime = r.mpint(keys::kGroupMaxBits / 8);
  const base::ByteView generator = r.mpint(keys::kGroupMaxBits / 8);
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed key exchange message");
  auto agreement = make_modp_of_group(prime, generator, *random_);
  if (!agreement) return base::pass(agreement);
  x.evidence.group_prime = base::to_bytes(prime);
  x.evidence.group_generator = base::to_bytes(generator);
  x.agreement = std::move(*agreement);
  x.stage = Exchange::Stage::awaiting_reply;
  return write_public(MessageNumber::gex_init, x.agreement->public_value());
}

base::Status Transport::Impl::write_public(MessageNumber number, base::ByteView value) {
  base::Bytes payload;
  keys::Writer w(payload);
  w.u8(to_byte(number));
  if (keys::shape_of(exchange_->choice.kex).public_values == keys::KexEncoding::mpint) {
    w.mpint(value);
  } else {
    w.string(value);
  }
  return writer_.write(payload);
}

/// Runs the agreement with the peer's value and notes both values and K as evidence.
base::Status Transport::Impl::agree(KeyAgreement& agreement, base::ByteView peer_public) {
  Exchange& x = *exchange_;
  auto secret = agreement.agree(peer_public);
  if (!secret) return base::pass(secret);
  const bool client = config_.role == Role::client;
  x.evidence.shared_secret = std::move(*secret);
  (client ? x.evidence.client_public : x.evidence.server_public) = base::to_bytes(agreement.public_value());
  (client ? x.evidence.server_public : x.evidence.client_public) = base::to_bytes(peer_public);
  return {};
}

void Transport::Impl::fill_evidence() {
  Exchange& x = *exchange_;
  const bool client = config_.role == Role::client;
  KexEvidence& e = x.evidence;
  e.method = x.choice.kex;
  add_names(x.choice.up, e.protection);
  add_names(x.choice.down, e.protection);
  e.host_key_algorithm = x.choice.host_key_algorithm;
  e.client_version = client ? config_.version : peer_version_;
  e.server_version = client ? peer_version_ : config_.version;
  e.client_kexinit = std::move(client ? x.own_init : x.peer_init);
  e.server_kexinit = std::move(client ? x.peer_init : x.own_init);
}

base::Result<Event> Transport::Impl::on_kex_init(base::ByteView payload) {
  Exchange& x = *exchange_;
  const auto shape = keys::shape_of(x.choice.kex);
  keys::Reader r(payload.subspan(1));
  const bool number = shape.public_values == keys::KexEncoding::mpint;
  const base::ByteView theirs = number ? r.mpint(shape.client_public_bytes) : r.string(shape.client_public_bytes);
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed key exchange message");
  auto agreement = make_key_agreement(x.choice.kex, config_.role, *random_);
  if (!agreement) return base::pass(agreement);
  if (auto agreed = agree(**agreement, theirs); !agreed) return base::pass(agreed);
  fill_evidence();
  x.stage = Exchange::Stage::signature_due;
  return Event{EventKind::need_host_signature, {}};
}

base::Result<Event> Transport::Impl::on_kex_reply(base::ByteView payload) {
  Exchange& x = *exchange_;
  const auto shape = keys::shape_of(x.choice.kex);
  keys::Reader r(payload.subspan(1));
  const base::ByteView host_key = r.string(kMaxHostKeyBytes);
  const bool number = shape.public_values == keys::KexEncoding::mpint;
  const base::ByteView theirs = number ? r.mpint(shape.server_public_bytes) : r.string(shape.server_public_bytes);
  const base::ByteView signature = r.string(kMaxHostSignatureBytes);
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed key exchange message");
  if (auto agreed = agree(*x.agreement, theirs); !agreed) return base::pass(agreed);
  x.agreement.reset();
  fill_evidence();
  x.evidence.host_key = base::to_bytes(host_key);
  x.evidence.signature = base::to_bytes(signature);
  x.stage = Exchange::Stage::check_due;
  return Event{EventKind::need_host_check, {}};
}

const KexEvidence& Transport::Impl::evidence() const {
  if (!exchange_ || !exchange_->demand_open()) std::abort();
  return exchange_->evidence;
}

base::Status Transport::Impl::answer_host_signature(base::ByteView host_key, base::ByteView hash,
                                                    base::ByteView signature) {
  if (!exchange_ || exchange_->stage != Exchange::Stage::signature_due) {
    return base::fail(base::Errc::invalid, "no host signature was asked for");
  }
  base::Bytes payload;
  keys::Writer w(payload);
  w.u8(to_byte(MessageNumber::kex_reply));
  w.string(host_key);
  if (keys::shape_of(exchange_->choice.kex).public_values == keys::KexEncoding::mpint) {
    w.mpint(exchange_->evidence.server_public);
  } else {
    w.string(exchange_->evidence.server_public);
  }
  w.string(signature);
  auto done = writer_.write(payload);
  if (done) done = finish_own_side(hash);
  if (!done) return breach(DisconnectReason::key_exchange_failed, std::move(done).error());
  return {};
}

base::Status Transport::Impl::answer_host_check(base::ByteView hash) {
  if (!exchange_ || exchange_->stage != Exchange::Stage::check_due) {
    return base::fail(base::Errc::invalid, "no host check was asked for");
  }
  if (auto done = finish_own_side(hash); !done) {
    return breach(DisconnectReason::key_exchange_failed, std::move(done).error());
  }
  return {};
}

void Transport::Impl::refuse_host() {
  const bool client = config_.role == Role::client;
  (void)breach(client ? DisconnectReason::host_key_not_verifiable : DisconnectReason::key_exchange_failed,
               base::Error{base::Errc::denied, "host key refused"});
}

/// NEWKEYS, the new keys for what we send, and the next ones for what we receive.
base::Status Transport::Impl::finish_own_side(base::ByteView hash) {
  Exchange& x = *exchange_;
  if (hash.size() != keys::hash_size(keys::shape_of(x.choice.kex).hash)) {
    return base::fail(base::Errc::internal, "exchange hash of a wrong size");
  }
  if (session_id_.empty()) session_id_ = base::to_bytes(hash);
  const bool client = config_.role == Role::client;
  const KeyMaterial material{x.choice.kex, x.evidence.shared_secret.view(), hash, session_id_};
  const FlowChoice& out_flow = client ? x.choice.up : x.choice.down;
  const FlowChoice& in_flow = client ? x.choice.down : x.choice.up;
  auto out_keys =
      derive_keys(material, client ? Flow::client_to_server : Flow::server_to_client, *out_flow.cipher, out_flow.mac);
  auto in_keys =
      derive_keys(material, client ? Flow::server_to_client : Flow::client_to_server, *in_flow.cipher, in_flow.mac);
  if (!out_keys) return base::pass(out_keys);
  if (!in_keys) return base::pass(in_keys);
  auto out_cipher = make_cipher(*out_flow.cipher, out_flow.mac, Direction::seal, *out_keys);
  auto in_cipher = make_cipher(*in_flow.cipher, in_flow.mac, Direction::open, *in_keys);
  if (!out_cipher) return base::pass(out_cipher);
  if (!in_cipher) return base::pass(in_cipher);

  const std::uint8_t newkeys = to_byte(MessageNumber::newkeys);
  if (auto written = writer_.write({&newkeys, 1}); !written) return written;
  writer_.set_cipher(std::move(*out_cipher), strict_ ? SequenceNumbers::reset : SequenceNumbers::keep);
  x.next_in = std::move(*in_cipher);
  x.evidence = {};  // K is wiped here
  x.stage = Exchange::Stage::awaiting_newkeys;
  if (x.kind == ExchangeKind::first) {
    first_exchange_open_ = false;
    if (peer_wants_ext_info_) {
      if (auto told = write_ext_info(); !told) return told;
    }
  }
  return flush_queue();
}

base::Status Transport::Impl::write_ext_info() {
  base::Bytes payload;
  keys::Writer w(payload);
  w.u8(to_byte(MessageNumber::ext_info));
  w.u32(3);
  w.string(std::string_view("server-sig-algs"));
  w.name_list({config_.server_sig_algs.begin(), config_.server_sig_algs.end()});
  w.string(std::string_view("publickey-hostbound@openssh.com"));
  w.string(std::string_view("0"));
  w.string(std::string_view("ping@openssh.com"));
  w.string(std::string_view("0"));
  return writer_.write(payload);
}

base::Result<Event> Transport::Impl::on_newkeys(base::ByteView payload) {
  if (payload.size() != 1) return base::fail(base::Errc::invalid, "malformed NEWKEYS");
  reader_.set_cipher(std::move(exchange_->next_in), strict_ ? SequenceNumbers::reset : SequenceNumbers::keep);
  keys_in_ = true;
  exchange_.reset();
  return Event{EventKind::keys_changed, {}};
}

}  // namespace sallyport::codec::ssh
