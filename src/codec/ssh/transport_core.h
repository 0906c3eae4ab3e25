// SPDX-License-Identifier: Apache-2.0
// The inside of Transport: the state of one connection and its transitions; included by the transport's .cc files only.
// Runs in the untrusted workers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/ssh/kexinit.h"
#include "codec/ssh/key_agreement.h"
#include "codec/ssh/packet_reader.h"
#include "codec/ssh/packet_writer.h"
#include "codec/ssh/transport.h"

namespace sallyport::codec::ssh {

/// One key exchange, from our KEXINIT to the peer's NEWKEYS.
struct Exchange {
  enum class Stage {
    sent_init,       ///< our KEXINIT is out, the peer's is awaited
    awaiting_init,   ///< server: the client's public value is awaited
    awaiting_group,  ///< client: the server's choice of a group is awaited (RFC 4419)
    awaiting_reply,  ///< client: the server's is awaited
    signature_due,   ///< server: the caller has a demand to answer
    check_due,       ///< client: likewise
    awaiting_newkeys,
  };
  Stage stage = Stage::sent_init;
  ExchangeKind kind = ExchangeKind::first;
  base::Bytes own_init;
  base::Bytes peer_init;
  bool skip_guess = false;
  Choice choice;
  std::unique_ptr<KeyAgreement> agreement;
  KexEvidence evidence;
  std::unique_ptr<PacketCipher> next_in;

  bool demand_open() const { return stage == Stage::signature_due || stage == Stage::check_due; }
  bool peer_started() const { return stage != Stage::sent_init; }
  bool own_finished() const { return stage == Stage::awaiting_newkeys; }
};

class Transport::Impl {
 public:
  Impl(TransportConfig config, base::Random& random);

  base::Result<Event> next();
  base::Status answer_host_signature(base::ByteView host_key, base::ByteView hash, base::ByteView signature);
  base::Status answer_host_check(base::ByteView hash);
  void refuse_host();
  base::Status send(base::ByteView payload);
  bool paused() const { return writer_.backlog() > config_.output_limit_bytes; }
  bool can_begin_payload() const;
  base::Status end_payload(std::size_t n, base::ByteView elsewhere);
  base::Status reject_last_message();
  void set_authenticated();
  void request_rekey();
  void disconnect(DisconnectReason reason, std::string_view text);
  bool send_ping();
  void give_back_buffers();
  const KexEvidence& evidence() const;
  const base::Error* failure() const { return failure_ ? &*failure_ : nullptr; }
  bool exchanging() const { return exchange_ != nullptr; }

  PacketReader reader_;
  PacketWriter writer_;
  std::string peer_version_;
  PeerGreeting greeting_;
  PeerDisconnect peer_disconnect_;
  std::vector<std::string> peer_sig_algs_;
  bool peer_offers_hostbound_ = false;
  std::string negotiated_;
  base::Bytes session_id_;

 private:
  using Packet = PacketReader::Packet;

  // transport.cc: the pump, versions, what is sent.
  base::Result<bool> read_version();
  base::Result<Event> handle(const Packet& packet);
  base::Result<Event> handle_generic(std::uint8_t number, const Packet& packet);
  base::Status admit(std::uint8_t number) const;
  base::Status on_ext_info(base::ByteView payload);
  base::Status on_disconnect(base::ByteView payload);
  base::Status on_ping(base::ByteView payload);
  base::Status flush_queue();
  bool alive() const { return !failure_ && !ended_; }
  bool may_send_payloads() const { return !first_exchange_open_ && (!exchange_ || exchange_->own_finished()); }
  tl::unexpected<base::Error> breach(DisconnectReason reason, base::Error error);
  tl::unexpected<base::Error> breach(std::string message);
  void write_disconnect(DisconnectReason reason, std::string_view text);

  // transport_exchange.cc: key exchange.
  base::Status start_exchange(ExchangeKind kind);
  base::Status start_exchange_if_due();
  base::Result<Event> handle_exchange(std::uint8_t number, const Packet& packet);
  base::Status on_kexinit(const Packet& packet);
  base::Result<Event> on_kex_init(base::ByteView payload);
  base::Result<Event> on_kex_reply(base::ByteView payload);
  base::Status start_agreement();
  base::Status ask_for_group();
  base::Status on_gex_group(base::ByteView payload);
  base::Result<Event> on_newkeys(base::ByteView payload);
  base::Status agree(KeyAgreement& agreement, base::ByteView peer_public);
  void fill_evidence();
  base::Status write_public(MessageNumber number, base::ByteView value);
  base::Status finish_own_side(base::ByteView hash);
  base::Status write_ext_info();

  TransportConfig config_;
  base::Random* random_;
  Offer offer_;
  std::unique_ptr<Exchange> exchange_;
  bool first_exchange_open_ = true;  ///< until our first NEWKEYS went out
  bool keys_in_ = false;             ///< the peer's first NEWKEYS came
  bool strict_ = false;
  bool peer_wants_ext_info_ = false;
  bool peer_answers_ping_ = false;
  bool authenticated_ = false;
  bool rekey_requested_ = false;
  bool ended_ = false;
  std::optional<base::Error> failure_;
  std::uint32_t banner_lines_ = 0;
  std::uint32_t last_sequence_ = 0;
  base::Bytes queue_;  ///< payloads kept back during a key exchange: u32 length, bytes
};

}  // namespace sallyport::codec::ssh
