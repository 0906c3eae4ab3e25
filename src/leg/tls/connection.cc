// SPDX-License-Identifier: Apache-2.0
// OpenSSL over two memory BIOs. The handshake runs as a job with a stack of its own, so that it can wait in the middle
// of a signature while the worker's loop goes on.
#include "leg/tls/connection.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cassert>

namespace sallyport::leg::tls {

namespace {

using base::Errc;
using base::fail;

constexpr int kMaxPeerChainBytes = 64 * 1024;
// Forward secrecy and authenticated encryption (RFC 9325); no exchange that would need the private key to decrypt.
constexpr const char* kCiphersTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kSignatures =
    "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
    "rsa_pss_rsae_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512:ed25519";

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the peer closed the connection or broke the protocol" : reason;
}

base::Bytes der_of(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  base::Bytes der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  i2d_X509(certificate, &at);
  return der;
}

X509Ptr parse(base::ByteView der) {
  const unsigned char* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (at != der.data() + der.size()) return nullptr;
  return certificate;
}

base::Result<base::Bytes> alpn_list(const std::vector<std::string>& names) {
  base::Bytes list;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) return fail(Errc::invalid, "an ALPN name has 1 to 255 bytes");
    list.push_back(static_cast<std::uint8_t>(name.size()));
    list.insert(list.end(), name.begin(), name.end());
  }
  return list;
}

void set_limits(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  // A ticket or a cached session would be a secret of this connection that outlives it.
  SSL_CTX_set_options(
      context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_max_cert_list(context, kMaxPeerChainBytes);
  SSL_CTX_set_mode(context, SSL_MODE_ASYNC | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
}

}  // namespace

void Connection::SslFree::operator()(SSL* ssl) const {
  SSL_free(ssl);
}
void Connection::SslFree::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

base::Result<std::unique_ptr<Connection>> Connection::make(const Config& config) {
  std::unique_ptr<Connection> made(new Connection(config.role));
  if (auto s = made->set_up(config); !s) {
    ERR_clear_error();
    return base::pass(s);
  }
  return made;
}

// A handshake that still waits is woken without an answer, which ends it: its stack is freed with it.
Connection::~Connection() {
  if (deed_.due() == nullptr) return;
  broken_ = true;
  SSL_do_handshake(ssl_.get());
  ERR_clear_error();
}

base::Status Connection::set_up(const Config& config) {
  const std::unique_ptr<SSL_CTX, SslFree> context(
      SSL_CTX_new(role_ == Role::server ? TLS_server_method() : TLS_client_method()));
  if (!context) return fail(Errc::internal, "TLS: " + last_error());
  set_limits(context.get());
  if (SSL_CTX_set_cipher_list(context.get(), kCiphersTls12) != 1 ||
      SSL_CTX_set1_groups_list(context.get(), kGroups) != 1 ||
      SSL_CTX_set1_sigalgs_list(context.get(), kSignatures) != 1) {
    return fail(Errc::internal, "TLS: " + last_error());
  }
  if (role_ == Role::server && config.chain.empty()) return fail(Errc::invalid, "a TLS server needs a certificate");
  if (auto s = set_chain(context.get(), config.chain); !s) return s;
  auto list = alpn_list(config.alpn);
  if (!list) return base::pass(list);
  alpn_ = config.alpn;
  if (role_ == Role::client) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(
        context.get(), [](X509_STORE_CTX*, void* self) { return static_cast<Connection*>(self)->judge(); }, this);
    if (!list->empty() &&
        SSL_CTX_set_alpn_protos(context.get(), list->data(), static_cast<unsigned>(list->size())) != 0) {
      return fail(Errc::internal, "TLS: ALPN");
    }
  } else if (!alpn_.empty()) {
    SSL_CTX_set_alpn_select_cb(
        context.get(),
        [](SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
           void* self) {
          return static_cast<Connection*>(self)->choose_alpn(out, out_size, {in, in_size});
        },
        this);
  }
  ssl_.reset(SSL_new(context.get()));
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (!ssl_ || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    return fail(Errc::internal, "TLS: out of memory");
  }
  // An empty buffer is "not yet", not the end.
  BIO_set_mem_eof_return(in_, -1);
  BIO_set_mem_eof_return(out_, -1);
  SSL_set_bio(ssl_.get(), in_, out_);
  if (role_ == Role::server) {
    SSL_set_accept_state(ssl_.get());
    return {};
  }
  SSL_set_connect_state(ssl_.get());
  if (!config.server_name.empty() && SSL_set_tlsext_host_name(ssl_.get(), config.server_name.c_str()) != 1) {
    return fail(Errc::invalid, "a TLS server name has at most 255 bytes");
  }
  return {};
}

base::Status Connection::set_chain(SSL_CTX* context, const std::vector<base::Bytes>& chain) {
  for (const base::Bytes& der : chain) {
    const X509Ptr certificate = parse(der);
    if (!certificate) return fail(Errc::invalid, "a TLS certificate is no X.509 certificate in DER");
    if (&der != &chain.front()) {
      if (SSL_CTX_add1_chain_cert(context, certificate.get()) != 1) return fail(Errc::invalid, "TLS: " + last_error());
      continue;
    }
    auto key = key_by_deed(certificate.get(), deed_);
    if (!key) return base::pass(key);
    if (SSL_CTX_use_certificate(context, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
      return fail(Errc::invalid, "a TLS certificate cannot be used: " + last_error());
    }
  }
  return {};
}

bool Connection::wants_input() const {
  if (broken_ || peer_closed_ || deed_.due() != nullptr || judgement_due_) return false;
  return BIO_ctrl_pending(in_) < kMaxWaitingBytes && output().size() < kMaxWaitingBytes;
}

base::Status Connection::feed(base::ByteView wire) {
  if (broken_) return fail(Errc::closed, "the TLS connection is broken");
  if (wire.empty()) return {};
  if (!open_) {
    handshake_bytes_ += wire.size();
    // What follows the handshake in the same bytes counts too: the bound is far above both.
    if (handshake_bytes_ > kMaxHandshakeBytes) return broken("the peer's handshake does not end");
  }
  if (wire.size() > std::size_t{1} << 30) return broken("too much at once");
  if (BIO_write(in_, wire.data(), static_cast<int>(wire.size())) != static_cast<int>(wire.size())) {
    return broken("no memory");
  }
  return advance();
}

base::Status Connection::advance() {
  if (broken_ || open_ || deed_.due() != nullptr || judgement_due_) return {};
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    open_ = true;
    return {};
  }
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {};
    case SSL_ERROR_WANT_ASYNC:
      return deed_.asked() <= kMaxSignatures ? base::Status{} : broken("more than one signature");
    case SSL_ERROR_WANT_RETRY_VERIFY:
      judgement_due_ = true;
      return {};
    default:
      return broken("TLS handshake");
  }
}

base::Status Connection::broken(std::string_view doing) {
  const std::string why = std::string(doing) + ": " + last_error();
  ERR_clear_error();
  broken_ = true;
  return fail(Errc::invalid, why);
}

base::ByteView Connection::output() const {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  if (size <= 0) return {};
  return {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

void Connection::sent(std::size_t bytes) {
  std::uint8_t thrown_away[4096];
  while (bytes > 0) {
    const int n = BIO_read(out_, thrown_away, static_cast<int>(std::min(bytes, sizeof thrown_away)));
    assert(n > 0);
    if (n <= 0) return;
    bytes -= static_cast<std::size_t>(n);
  }
}

base::Status Connection::answer_signature(base::ByteView signature) {
  if (auto s = deed_.answer(signature); !s) return s;
  return advance();
}

int Connection::judge() {
  if (!judgement_) return SSL_set_retry_verify(ssl_.get());
  return *judgement_ == Judgement::accepted ? 1 : 0;
}

base::Status Connection::answer_judgement(Judgement judgement) {
  if (!judgement_due_) return fail(Errc::corrupt, "no judgement is due");
  judgement_due_ = false;
  judgement_ = judgement;
  return advance();
}

std::vector<base::Bytes> Connection::peer_chain() const {
  std::vector<base::Bytes> chain;
  const STACK_OF(X509)* theirs = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = 0; theirs != nullptr && i < sk_X509_num(theirs); ++i) chain.push_back(der_of(sk_X509_value(theirs, i)));
  return chain;
}

int Connection::choose_alpn(const unsigned char** out, unsigned char* out_size, base::ByteView offered) {
  for (const std::string& ours : alpn_) {
    for (base::ByteView rest = offered; !rest.empty();) {
      const std::size_t size = rest.front();
      if (size + 1 > rest.size()) return SSL_TLSEXT_ERR_ALERT_FATAL;
      const base::ByteView name = rest.subspan(1, size);
      if (base::text(name) == ours) {
        *out = name.data();
        *out_size = static_cast<unsigned char>(size);
        return SSL_TLSEXT_ERR_OK;
      }
      rest = rest.subspan(size + 1);
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
}

std::string Connection::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {name, name + size};
}

std::string Connection::version() const {
  return open_ ? SSL_get_version(ssl_.get()) : "";
}

base::Result<std::size_t> Connection::read(std::span<std::uint8_t> out) {
  if (!open_ || broken_ || peer_closed_ || out.empty()) return 0;
  ERR_clear_error();
  std::size_t n = 0;
  const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &n);
  if (done == 1) return n;
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return 0;
    case SSL_ERROR_ZERO_RETURN:
      peer_closed_ = true;
      return 0;
    default: {
      auto why = broken("TLS");
      return base::pass(why);
    }
  }
}

base::Status Connection::write(base::ByteView data) {
  if (!open_ || broken_ || closed_) return fail(Errc::closed, "the TLS connection takes no data");
  while (!data.empty()) {
    ERR_clear_error();
    std::size_t n = 0;
    // A memory BIO takes everything: this neither waits nor stops half way.
    if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &n) != 1) return broken("TLS");
    data = data.subspan(n);
  }
  return {};
}

void Connection::close() {
  if (!open_ || broken_ || closed_) return;
  closed_ = true;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace sallyport::leg::tls
