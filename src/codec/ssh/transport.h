// SPDX-License-Identifier: Apache-2.0
// One SSH transport connection (RFC 4253), either role, sans-IO: bytes in, payloads out, and back.
// Runs in the untrusted workers. It must never do I/O, read a clock, or hold or use a host key: what needs one is asked
// of the caller as a demand, and the exchange hash and session id are the caller's word.
//
// A caller's loop:
//   read into in_space(), in_commit(n); then next() until it returns EventKind::none;
//   write out_view(), out_consume(n); stop reading while the output does not drain.
// A Result error of next() ends the connection: a DISCONNECT is in out_view() where that makes sense; send it and
// close.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "codec/ssh/message_numbers.h"
#include "keys/exchange_hash.h"

namespace sallyport::codec::ssh {

enum class Role { client, server };

/// Whether the transport sends its identification string, or somebody wrote it to the socket before.
enum class VersionLine { to_send, already_sent };

/// What this end offers; names best first. Empty lists mean the defaults of algorithms.h for the role.
struct TransportConfig {
  Role role = Role::server;
  std::string version = "SSH-2.0-Sallyport";  ///< without CR LF, at most 253 bytes, starts with "SSH-2.0-"
  VersionLine version_line = VersionLine::to_send;
  std::vector<std::string> kex;
  std::vector<std::string> ciphers;
  std::vector<std::string> macs;
  std::vector<std::string> host_key_algorithms;  ///< server: what the broker can sign with; client: what it can check
  /// Server: told to the client in EXT_INFO (RFC 8308). Empty: the default list.
  std::vector<std::string> server_sig_algs;
  std::uint64_t rekey_bytes = 1ULL << 30;  ///< of either direction, on the wire
  std::uint64_t rekey_packets = 1ULL << 31;
  std::uint32_t max_packet_bytes = 256 * 1024;   ///< largest packet_length accepted once authenticated (at least 35000)
  std::size_t output_limit_bytes = 1024 * 1024;  ///< next() pauses above this backlog
};

// Larger ones are a breach. Whoever passes the evidence on can count on these.
inline constexpr std::size_t kMaxKexInitBytes = 24 * 1024;
inline constexpr std::size_t kMaxHostKeyBytes = 16 * 1024;
inline constexpr std::size_t kMaxHostSignatureBytes = 4 * 1024;

/// A key exchange as this end saw it, for whoever signs or checks it. Owned here until answered; K is wiped then.
/// The field of this end's own version string (and, for a server, host_key) is for convenience: a signer fills in its
/// own.
struct KexEvidence {
  keys::KexMethod method = keys::KexMethod::curve25519_sha256;
  std::string host_key_algorithm;  ///< as negotiated: "ssh-ed25519", "rsa-sha2-512" …
  std::string client_version;
  std::string server_version;
  base::Bytes client_kexinit;
  base::Bytes server_kexinit;
  base::Bytes host_key;             ///< K_S as the server sent it; empty in the server role
  base::Bytes client_public;        ///< Q_C, or e as a big-endian magnitude
  base::Bytes server_public;        ///< Q_S, or f as a big-endian magnitude
  base::SecretBytes shared_secret;  ///< K: big-endian magnitude, unencoded
  base::Bytes signature;            ///< the server's signature blob; empty in the server role
  base::Bytes group_prime;          ///< where the server chose the group (RFC 4419), else empty
  base::Bytes group_generator;
  std::vector<std::string> protection;  ///< the ciphers and MACs of both directions, each once
};

enum class EventKind {
  none,                 ///< nothing to do until more input, a drained output, or an answered demand
  need_host_signature,  ///< server: see kex_evidence(), answer with answer_host_signature() or refuse_host()
  need_host_check,      ///< client: see kex_evidence(), answer with answer_host_check() or refuse_host()
  keys_changed,         ///< a key exchange is complete in both directions; the first one opens the service phase
  message,              ///< a payload for the layers above: services, authentication, connection
  disconnected,         ///< the peer sent DISCONNECT: see peer_disconnect(); nothing follows
};

struct Event {
  EventKind kind = EventKind::none;
  /// For EventKind::message: from the message number on. Points into the input buffer; valid until the next call of
  /// next(), in_space() or give_back_buffers().
  base::ByteView payload;
};

struct PeerDisconnect {
  std::uint32_t reason = 0;
  std::string text;  ///< foreign: escape before showing; at most 1024 bytes
};

/// What the peer said before its identification string, or instead of it.
struct PeerGreeting {
  enum class Kind : std::uint8_t {
    none,     ///< nothing, up to now
    words,    ///< lines that identify nobody
    http,     ///< what a web server answers
    old_ssh,  ///< the identification of SSH 1
    endless,  ///< too many lines, or one that is too long
  };
  Kind kind = Kind::none;
  std::string line;  ///< the first, or the one that says SSH; foreign: escape before showing; at most 256 bytes
};

/// Whether it can be the identification string of a server: "SSH-2.0-…", printable US-ASCII, at most 253 bytes.
bool is_identification(std::string_view line);

class Transport {
 public:
  /// The random source must outlive the transport. The config is checked: a version of a wrong form or an unknown
  /// algorithm name is our own bug and aborts (check names from a configuration file with is_known_algorithm()).
  Transport(TransportConfig config, base::Random& random);
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();

  // Input.
  /// Where to read the peer's bytes to. Grows from 4 KiB to 320 KiB while the peer fills it. Empty only when it is full
  /// of packets that next() has not given out (a demand is open, or the output is not drained): do not read then.
  std::span<std::uint8_t> in_space();
  void in_commit(std::size_t n);
  /// The next event. Errors: invalid (the peer broke the protocol), denied (no common algorithm, a refused demand),
  /// corrupt (a packet that does not
  /// authenticate), full (a bound of ours), internal (the crypto library). After an error every call repeats it.
  base::Result<Event> next();
  /// Overwrites the payload of the last message event, which held a secret.
  void wipe_last_message();
  /// Answers the last message event with SSH_MSG_UNIMPLEMENTED (RFC 4253 §11.4).
  base::Status reject_last_message();

  // Demands.
  /// The exchange that the last need_host_… event is about.
  const KexEvidence& kex_evidence() const;
  /// Server: host key blob K_S, exchange hash H over it, and the signature blob over H.
  base::Status answer_host_signature(base::ByteView host_key, base::ByteView exchange_hash, base::ByteView signature);
  /// Client: the host key is the expected one and its signature is right; H as recomputed.
  base::Status answer_host_check(base::ByteView exchange_hash);
  /// The demand is refused: the connection ends with a DISCONNECT.
  void refuse_host();

  // Output.
  /// Sends a payload; during a key exchange it is kept and follows in order. Errors: full (more is kept than the output
  /// limit), closed (the connection ended), internal.
  base::Status send(base::ByteView payload);
  /// True when a payload may be written straight into the output buffer now: keys are in place, no key exchange is
  /// under way, nothing is kept back, and there is room.
  bool can_begin_payload() const;
  /// Room for a payload of up to max_bytes (at most 256 KiB - 1024) in the output buffer, or empty when the caller has
  /// to drain first or a key exchange is under way. Followed by end_payload() before any other call.
  std::span<std::uint8_t> begin_payload(std::size_t max_bytes);
  /// Pads and encrypts the first n bytes of what begin_payload() gave; 0 abandons it. The last of them may lie
  /// elsewhere (see PacketWriter::end). Errors: internal.
  base::Status end_payload(std::size_t n, base::ByteView elsewhere = {});
  base::ByteView out_view() const;
  void out_consume(std::size_t n);
  /// Whether next() gives nothing, however much has come, until more of the output is consumed.
  bool paused() const;

  // State.
  /// Authentication is complete: from here on connection messages pass and key exchanges may be repeated.
  void set_authenticated();
  /// Starts a key exchange as soon as possible (time-based rekeying); ignored while one is under way or before
  /// authentication.
  void request_rekey();
  /// Ends the connection from this side: queues DISCONNECT; send() fails from then on.
  void disconnect(DisconnectReason reason, std::string_view text);
  /// Sends a ping@openssh.com where the peer announced it (RFC 8308), whose answer is swallowed. False: it did not.
  bool send_ping();
  /// Frees buffers that a burst grew; for a caller whose connection has been idle for a while.
  void give_back_buffers();

  bool key_exchange_under_way() const;
  /// Empty before the first key exchange is answered.
  base::ByteView session_id() const;
  /// The peer's identification string, without CR LF; empty until it came. Printable US-ASCII.
  const std::string& peer_version() const;
  const PeerGreeting& peer_greeting() const;
  /// Why next() fails since; null while it does not.
  const base::Error* failure() const;
  const PeerDisconnect& peer_disconnect() const;
  /// The server's server-sig-algs (RFC 8308); empty when it sent none.
  const std::vector<std::string>& peer_sig_algs() const;
  /// The server offers publickey-hostbound@openssh.com.
  bool peer_offers_hostbound() const;
  /// Negotiated names, for the record: "curve25519-sha256 ssh-ed25519 aes256-gcm@openssh.com aes256-gcm@openssh.com
  /// strict" (method, host key, ciphers up and down, "strict" when both ends do strict key exchange).
  const std::string& negotiated() const;
  /// Wire bytes of either direction, version line included.
  std::uint64_t bytes_in() const;
  std::uint64_t bytes_out() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Runs every cipher, MAC and key agreement once, so that processes forked later share what the library sets up.
base::Status warm_up(base::Random& random);

}  // namespace sallyport::codec::ssh
