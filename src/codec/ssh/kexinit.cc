// SPDX-License-Identifier: Apache-2.0
// KEXINIT and negotiation. Runs in the untrusted workers.
#include "codec/ssh/kexinit.h"

#include <algorithm>

#include "keys/wire.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kCookieBytes = 16;

using Names = std::vector<std::string_view>;

Names views(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

base::Result<std::string_view> agree(const Names& own, Role role, const Names& peer, const char* what) {
  const auto chosen = role == Role::client ? choose(own, peer) : choose(peer, own);
  if (!chosen) return base::fail(base::Errc::denied, std::string("no common ") + what);
  return *chosen;
}

base::Result<FlowChoice> agree_flow(const Offer& own, Role role, const Names& ciphers, const Names& macs,
                                    const Names& compression) {
  auto cipher = agree(views(own.ciphers), role, ciphers, "cipher");
  if (!cipher) return base::pass(cipher);
  FlowChoice out;
  out.cipher = find_cipher(*cipher);
  if (!out.cipher->authenticates()) {
    auto mac = agree(views(own.macs), role, macs, "MAC");
    if (!mac) return base::pass(mac);
    out.mac = find_mac(*mac);
  }
  if (auto none = agree({"none"}, role, compression, "compression method"); !none) return base::pass(none);
  return out;
}

std::string_view front_of(const Names& names) {
  return names.empty() ? std::string_view() : names.front();
}

}  // namespace

bool KexInit::names_kex(std::string_view name) const {
  return std::find(kex.begin(), kex.end(), name) != kex.end();
}

base::Result<KexInit> decode_kexinit(base::ByteView payload) {
  keys::Reader r(payload);
  if (r.u8() != static_cast<std::uint8_t>(MessageNumber::kexinit)) r.set_error();
  r.bytes(kCookieBytes);
  KexInit k;
  k.kex = r.name_list();
  k.host_key_algorithms = r.name_list();
  k.ciphers_up = r.name_list();
  k.ciphers_down = r.name_list();
  k.macs_up = r.name_list();
  k.macs_down = r.name_list();
  k.compression_up = r.name_list();
  k.compression_down = r.name_list();
  r.name_list();  // languages: nobody uses them
  r.name_list();
  k.first_kex_packet_follows = r.boolean();
  r.u32();  // reserved: not for us to judge
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed KEXINIT");
  return k;
}

base::Bytes encode_kexinit(const Offer& offer, Role role, ExchangeKind kind, base::Random& random) {
  base::Bytes out;
  out.reserve(1024);
  keys::Writer w(out);
  w.u8(static_cast<std::uint8_t>(MessageNumber::kexinit));
  w.bytes(random.bytes(kCookieBytes));
  Names kex = views(offer.kex);
  if (kind == ExchangeKind::first) {
    kex.push_back(role == Role::client ? kExtInfoClient : kExtInfoServer);
    kex.push_back(role == Role::client ? kStrictClient : kStrictServer);
  }
  w.name_list(kex);
  w.name_list(views(offer.host_key_algorithms));
  w.name_list(views(offer.ciphers));
  w.name_list(views(offer.ciphers));
  w.name_list(views(offer.macs));
  w.name_list(views(offer.macs));
  w.name_list({"none"});
  w.name_list({"none"});
  w.name_list({});
  w.name_list({});
  w.boolean(false);
  w.u32(0);
  return out;
}

base::Result<Choice> negotiate(const Offer& own, Role role, const KexInit& peer) {
  const Names own_kex = views(own.kex);
  const Names own_host = views(own.host_key_algorithms);
  auto kex = agree(own_kex, role, peer.kex, "key exchange method");
  if (!kex) return base::pass(kex);
  auto host = agree(own_host, role, peer.host_key_algorithms, "host key algorithm");
  if (!host) return base::pass(host);
  auto up = agree_flow(own, role, peer.ciphers_up, peer.macs_up, peer.compression_up);
  if (!up) return base::pass(up);
  auto down = agree_flow(own, role, peer.ciphers_down, peer.macs_down, peer.compression_down);
  if (!down) return base::pass(down);
  Choice out;
  out.kex = *find_kex(*kex);
  out.kex_name = std::string(*kex);
  out.host_key_algorithm = std::string(*host);
  out.up = *up;
  out.down = *down;
  // RFC 4253 §7.1: a guess is right when both sides' favourites are the same. We never guess.
  const bool right =
      front_of(own_kex) == front_of(peer.kex) && front_of(own_host) == front_of(peer.host_key_algorithms);
  out.peer_guessed_wrong = peer.first_kex_packet_follows && !right;
  return out;
}

}  // namespace sallyport::codec::ssh
