// SPDX-License-Identifier: Apache-2.0
// For tests only: the least of a broker that joins a front and a back. It keeps every event, forwards in order, answers
// deeds, and can hold what the real one would hold.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/ssh/auth_messages.h"
#include "event/event.pb.h"
#include "ipc/event_parts.h"
#include "ipc/message_kind.h"
#include "ipc/ring_memory.h"
#include "ipc/seqpacket.h"
#include "ipc/ssh_back.pb.h"
#include "ipc/ssh_front.pb.h"
#include "keys/private_key.h"

namespace sallyport::leg::ssh::testing {

class SmallBroker {
 public:
  explicit SmallBroker(base::Random& random)
      : host_key(*keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random)) {}

  keys::PrivateKey host_key;  ///< the gateway's
  std::optional<base::Fd> front, back;

  // How it behaves.
  bool needs_menu = false;
  bool target_ready = true;            ///< false: a back's login does not make the session live
  std::uint64_t bulk_after = 1 << 30;  ///< bytes of one stream
  std::size_t ring_bytes = ipc::kRingDefaultCapacity;
  bool withhold_recorded = false;
  std::function<ipc::AuthReply(const ipc::AuthRequest&)> on_auth;

  // What it saw.
  std::vector<ipc::FrontToBroker> from_front;
  std::vector<ipc::BackToBroker> from_back;
  std::vector<event::Event> up, down;
  std::string front_ended, back_ended;
  bool front_gone = false, back_gone = false;
  std::string fault;
  bool live = false;

  void start_front(ipc::FrontStart start = {}) {
    if (start.server_version().empty()) start.set_server_version("SSH-2.0-Sallyport");
    if (start.host_key_algorithms_size() == 0) start.add_host_key_algorithms("ssh-ed25519");
    ipc::BrokerToFront m;
    *m.mutable_start() = start;
    tell_front(m);
  }
  void start_back(ipc::BackStart start = {}) {
    if (start.client_version().empty()) start.set_client_version("SSH-2.0-Sallyport");
    start.add_host_key_algorithms("ssh-ed25519");
    ipc::BrokerToBack m;
    *m.mutable_start() = start;
    tell_back(m);
  }
  void tell_front(const ipc::BrokerToFront& m, std::span<const int> fds = {}) { send(*front, control(m), fds); }
  void tell_back(const ipc::BrokerToBack& m, std::span<const int> fds = {}) { send(*back, control(m), fds); }
  void event_to_front(const event::Event& e) { send_event(*front, e); }
  void event_to_back(const event::Event& e) { send_event(*back, e); }

  void step() {
    flush();
    if (front && !front_gone) receive(*front, front_gone, [this](auto kind, auto body) { from(kind, body, true); });
    if (back && !back_gone) receive(*back, back_gone, [this](auto kind, auto body) { from(kind, body, false); });
    flush();
  }

  void record_all() {
    withhold_recorded = false;
    if (last_block_ > 0) recorded(last_block_);
  }

  /// Bytes of a stream that were recorded as Data.
  std::string data(const std::vector<event::Event>& events, std::uint32_t channel, int stream = 0) const {
    std::string out;
    for (const auto& e : events) {
      if (e.has_data() && e.data().channel() == channel && e.data().stream() == stream) out += e.data().bytes();
    }
    return out;
  }
  void go_live() {
    live = true;
    ipc::BrokerToFront ready;
    ready.mutable_target_ready();
    if (front) tell_front(ready);
    for (const auto& e : held_) event_to_back(e);
    held_.clear();
  }

 private:
  struct Waiting {
    int fd;
    base::Bytes bytes;
    std::vector<int> fds;
  };

  static base::Bytes pack(ipc::MessageKind kind, const std::string& body) {
    base::Bytes out{static_cast<std::uint8_t>(kind)};
    out.insert(out.end(), body.begin(), body.end());
    return out;
  }
  template <class M>
  static base::Bytes control(const M& m) {
    return pack(ipc::MessageKind::control, m.SerializeAsString());
  }
  void send_event(const base::Fd& fd, const event::Event& e) {
    const std::string body = e.SerializeAsString();
    base::Bytes scratch;
    ipc::send_in_parts(base::view(body), scratch, [&](const base::Bytes& message) { send(fd, message); });
  }
  void send(const base::Fd& fd, base::Bytes bytes, std::span<const int> fds = {}) {
    waiting_.push_back({fd.get(), std::move(bytes), {fds.begin(), fds.end()}});
  }
  void flush() {
    std::vector<Waiting> left;
    for (auto& w : waiting_) {
      const bool behind = std::any_of(left.begin(), left.end(), [&](const Waiting& l) { return l.fd == w.fd; });
      if (!behind) {
        const auto sent = ipc::send_with_fds(w.fd, w.bytes, w.fds);
        if (!sent || *sent != ipc::Transfer::would_block) continue;
      }
      left.push_back(std::move(w));
    }
    waiting_ = std::move(left);
  }
  template <class Handle>
  void receive(const base::Fd& fd, bool& gone, Handle handle) {
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (int i = 0; i < 64; ++i) {
      auto r = ipc::receive(fd.get(), buffer);
      if (!r || r->transfer == ipc::Transfer::closed) gone = true;
      if (!r || r->transfer != ipc::Transfer::done) return;
      handle(static_cast<ipc::MessageKind>(buffer[0]), base::ByteView(buffer).subspan(1, r->bytes - 1));
    }
  }

  void from(ipc::MessageKind kind, base::ByteView body, bool is_front) {
    if (kind != ipc::MessageKind::control) {
      auto whole = (is_front ? from_front_parts_ : from_back_parts_).take(kind, body);
      if (!whole) fault = whole.error().message;
      if (!whole || !*whole) return;
      kind = ipc::MessageKind::event;
      body = **whole;
    }
    const int size = static_cast<int>(body.size());
    if (kind == ipc::MessageKind::event) {
      event::Event e;
      if (!e.ParseFromArray(body.data(), size)) fault = "malformed event";
      (is_front ? up : down).push_back(e);
      is_front ? pass_up(e) : pass_down(e);
    } else if (is_front) {
      ipc::FrontToBroker m;
      if (!m.ParseFromArray(body.data(), size)) fault = "malformed control";
      from_front.push_back(m);
      on_front(m);
    } else {
      ipc::BackToBroker m;
      if (!m.ParseFromArray(body.data(), size)) fault = "malformed control";
      from_back.push_back(m);
      on_back(m);
    }
  }

  void pass_up(const event::Event& e) {
    if (!live) {
      held_.push_back(e);
      return;
    }
    event_to_back(e);
    if (e.has_data()) consider_bulk(e.data(), true);
  }

  void pass_down(const event::Event& e) {
    if (e.has_stream_block()) {
      last_block_ = e.stream_block().number();
      if (!withhold_recorded) recorded(last_block_);
      return;
    }
    event_to_front(e);
    if (e.has_data()) consider_bulk(e.data(), false);
  }

  void consider_bulk(const event::Data& data, bool is_up) {
    const auto key = std::make_tuple(data.channel(), static_cast<int>(data.stream()), is_up);
    std::uint64_t& bytes = bytes_[key];
    const bool before = bytes >= bulk_after;
    bytes += data.bytes().size();
    if (before || bytes < bulk_after) return;
    const bool attach = !ring_;
    if (attach) ring_ = std::move(*ipc::RingMemory::create(ring_bytes));
    ipc::BulkStart start;
    start.set_channel(data.channel());
    start.set_stream(data.stream());
    start.set_up(is_up);
    start.set_ring_attached(attach);
    const auto front_fds = ring_->fds_for_front(), back_fds = ring_->fds_for_back();
    ipc::BrokerToBack to_back;
    *to_back.mutable_bulk_start() = start;
    tell_back(to_back, attach ? std::span<const int>(back_fds) : std::span<const int>());
    ipc::BrokerToFront to_front;
    *to_front.mutable_bulk_start() = start;
    tell_front(to_front, attach ? std::span<const int>(front_fds) : std::span<const int>());
  }

  void recorded(std::uint64_t number) {
    ipc::BrokerToBack m;
    m.mutable_recorded()->set_up_to(number);
    tell_back(m);
  }

  static base::Result<base::Bytes> hash(const ipc::KexInputs& in, base::ByteView host_key_blob) {
    return keys::exchange_hash({*keys::kex_method_from_name(in.method()), base::view(in.client_version()),
                                base::view(in.server_version()), base::view(in.client_kexinit()),
                                base::view(in.server_kexinit()), host_key_blob, base::view(in.client_public()),
                                base::view(in.server_public()), base::view(in.shared_secret())});
  }

  void on_front(const ipc::FrontToBroker& m) {
    using Kind = ipc::FrontToBroker;
    ipc::BrokerToFront answer;
    switch (m.kind_case()) {
      case Kind::kSignKex: {
        const auto blob = host_key.public_key().blob();
        const auto h = hash(m.sign_kex(), blob);
        if (!h) fault = h.error().message;
        answer.mutable_kex_signed()->set_host_key(base::to_text(blob));
        answer.mutable_kex_signed()->set_exchange_hash(base::to_text(*h));
        answer.mutable_kex_signed()->set_signature(base::to_text(*host_key.sign(*h)));
        return tell_front(answer);
      }
      case Kind::kAuthRequest:
        if (on_auth) {
          *answer.mutable_auth_reply() = on_auth(m.auth_request());
        } else {
          answer.mutable_auth_reply()->mutable_success()->set_needs_menu(needs_menu);
        }
        return tell_front(answer);
      case Kind::kCredit: {
        ipc::BrokerToBack on;
        *on.mutable_credit() = m.credit();
        if (back) tell_back(on);
        return;
      }
      case Kind::kEnded:
        front_ended = m.ended().reason();
        return;
      default:
        return;
    }
  }

  void on_back(const ipc::BackToBroker& m) {
    using Kind = ipc::BackToBroker;
    ipc::BrokerToBack answer;
    switch (m.kind_case()) {
      case Kind::kHostProof: {
        const auto h = hash(m.host_proof().inputs(), base::view(m.host_proof().inputs().host_key()));
        const auto key = keys::PublicKey::parse(base::view(m.host_proof().inputs().host_key()));
        if (!h || !key || !key->verify("ssh-ed25519", base::view(m.host_proof().signature()), *h)) {
          fault = "the host's proof does not hold";
          return;
        }
        answer.mutable_host_accepted()->set_exchange_hash(base::to_text(*h));
        return tell_back(answer);
      }
      case Kind::kLoginWanted: {
        const base::Bytes password = base::to_bytes("target-password");
        const auto request = encode(codec::ssh::UserauthRequest{
            "root", "ssh-connection", "password", codec::ssh::MethodPassword{base::ByteView(password), std::nullopt}});
        answer.mutable_login_step()->set_userauth_request(base::to_text(request.view()));
        return tell_back(answer);
      }
      case Kind::kLoginDone:
        if (target_ready && m.login_done().ok()) go_live();
        return;
      case Kind::kCredit: {
        ipc::BrokerToFront on;
        *on.mutable_credit() = m.credit();
        if (front) tell_front(on);
        return;
      }
      case Kind::kEnded:
        back_ended = m.ended().reason();
        return;
      default:
        return;
    }
  }

  ipc::EventJoiner from_front_parts_, from_back_parts_;
  std::vector<Waiting> waiting_;
  std::vector<event::Event> held_;
  std::map<std::tuple<std::uint32_t, int, bool>, std::uint64_t> bytes_;
  std::optional<ipc::RingMemory> ring_;
  std::uint64_t last_block_ = 0;
};

}  // namespace sallyport::leg::ssh::testing
