// SPDX-License-Identifier: Apache-2.0
// One TLS connection of a leg, server or client, 1.2 or 1.3: bytes in, bytes out, no socket and no clock. Untrusted
// side. It holds no private key and judges no certificate: both are asked of the broker, and the handshake waits.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "leg/tls/deed.h"

namespace sallyport::leg::tls {

enum class Role : std::uint8_t { server, client };

struct Config {
  Role role = Role::server;
  std::vector<base::Bytes> chain = {};  ///< our certificates in DER, our own first; a client may have none
  std::string server_name = {};         ///< a client's: what it asks for (RFC 6066 section 3); empty: nothing
  std::vector<std::string> alpn = {};   ///< in the order of preference (RFC 7301); empty: none. Each 1 to 255 bytes
};

class Connection {
 public:
  /// What a peer may send before the handshake is over, in all.
  static constexpr std::size_t kMaxHandshakeBytes = 256 * 1024;
  /// Bytes of either direction that may wait here before the caller is to stop: one record and more.
  static constexpr std::size_t kMaxWaitingBytes = 64 * 1024;
  /// Signatures that one connection asks for. One handshake needs one; there is no renegotiation.
  static constexpr unsigned kMaxSignatures = 1;

  /// Errors: invalid or unsupported, a certificate or a name that cannot be used.
  static base::Result<std::unique_ptr<Connection>> make(const Config& config);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The client's first words go out by this; a server needs it not, and may call it.
  base::Status start() { return advance(); }
  /// False: take nothing more from the peer, until what is here was read, written or answered.
  bool wants_input() const;
  /// The peer's bytes, at most as many at once as a caller cares to read. Errors: the handshake or the peer is broken;
  /// an alert may be in output(). Nothing more is taken afterwards.
  base::Status feed(base::ByteView wire);

  /// What is to be sent to the peer.
  base::ByteView output() const;
  void sent(std::size_t bytes);

  /// The handshake waits for this signature. Null: for none.
  const SignatureDue* signature_due() const { return deed_.due(); }
  /// The broker's answer; an empty one refuses.
  base::Status answer_signature(base::ByteView signature);

  /// A client's: the handshake waits for the judgement of the peer's certificates.
  bool judgement_due() const { return judgement_due_; }
  enum class Judgement : bool { refused, accepted };
  base::Status answer_judgement(Judgement judgement);
  /// The peer's certificates in DER, its own first; of a server that asked for none, empty.
  std::vector<base::Bytes> peer_chain() const;

  /// Application data may flow.
  bool open() const { return open_; }
  /// The protocol that was agreed on by ALPN; empty: none.
  std::string alpn() const;
  /// "TLSv1.3" and the like; empty before open().
  std::string version() const;

  /// What the peer said, as much as is there: 0 when nothing is. Errors as of feed().
  base::Result<std::size_t> read(std::span<std::uint8_t> out);
  /// Only when open(). All of it is encrypted at once: bound what you write by output().size().
  base::Status write(base::ByteView data);
  /// The peer has said that it sends no more (close_notify). What ends without it was cut off (RFC 8446 section 6.1).
  bool peer_closed() const { return peer_closed_; }
  /// Says close_notify, once.
  void close();

 private:
  struct SslFree {
    void operator()(SSL* ssl) const;
    void operator()(SSL_CTX* context) const;
  };
  explicit Connection(Role role) : role_(role) {}
  base::Status set_up(const Config& config);
  base::Status set_chain(SSL_CTX* context, const std::vector<base::Bytes>& chain);
  base::Status advance();
  base::Status broken(std::string_view doing);
  int judge();
  int choose_alpn(const unsigned char** out, unsigned char* out_size, base::ByteView offered);

  const Role role_;
  Deed deed_;
  std::vector<std::string> alpn_;
  std::unique_ptr<SSL, SslFree> ssl_;
  BIO* in_ = nullptr;   // the SSL's
  BIO* out_ = nullptr;  // the SSL's
  std::optional<Judgement> judgement_;
  bool judgement_due_ = false;
  bool open_ = false;
  bool peer_closed_ = false;
  bool closed_ = false;
  bool broken_ = false;
  std::size_t handshake_bytes_ = 0;
};

}  // namespace sallyport::leg::tls
