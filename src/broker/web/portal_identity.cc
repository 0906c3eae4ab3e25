// SPDX-License-Identifier: Apache-2.0
// Certificates of the portal.
#include "broker/web/portal_identity.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/fd.h"
#include "base/log.h"
#include "broker/access/tls_authority.h"

namespace sallyport::broker {

namespace {

using base::Errc;
using base::fail;

constexpr std::size_t kMaxFileBytes = 256 * 1024;

// Time and place of a file: another content is another one of these.
std::string looks_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return path + ": gone";
  return path + ":" + std::to_string(status.st_ino) + ":" + std::to_string(status.st_size) + ":" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

bool is_address(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, text.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

std::string host_name() {
  char buffer[256] = {};
  if (::gethostname(buffer, sizeof buffer - 1) != 0) return "localhost";
  std::string name(buffer);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

}  // namespace

base::Result<std::unique_ptr<PortalIdentity>> PortalIdentity::make(const config::Config& config, vault::Vault& vault,
                                                                   const base::Clock& clock) {
  std::unique_ptr<PortalIdentity> out(new PortalIdentity(config, vault, clock));
  auto first = config.portal.certificate.empty() ? out->from_authority() : out->from_files();
  if (!first) return base::pass(first);
  out->current_ = std::make_shared<const Current>(std::move(*first));
  return out;
}

std::shared_ptr<const PortalIdentity::Current> PortalIdentity::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

base::Status PortalIdentity::renew() {
  const auto old = current();
  const bool by_files = !config_.portal.certificate.empty();
  if (by_files && old->files == looks_of(config_.portal.certificate) + looks_of(config_.portal.key)) return {};
  if (!by_files && old->valid_until_us - clock_.now_us() > kLifeUs / 3) return {};
  auto fresh = by_files ? from_files() : from_authority();
  if (!fresh) return base::pass(fresh);
  base::log_info("the portal has a new certificate");
  const std::lock_guard lock(mutex_);
  current_ = std::make_shared<const Current>(std::move(*fresh));
  return {};
}

base::Result<PortalIdentity::Current> PortalIdentity::from_files() const {
  const config::Portal& portal = config_.portal;
  std::string files = looks_of(portal.certificate) + looks_of(portal.key);
  auto pem = base::read_file(portal.certificate, kMaxFileBytes);
  if (!pem) return base::pass(pem);
  auto key_text = base::read_file(portal.key, kMaxFileBytes);
  if (!key_text) return base::pass(key_text);
  auto key = keys::TlsKey::parse(*key_text);
  base::wipe(key_text->data(), key_text->size());
  if (!key) return fail(Errc::invalid, portal.key + ": " + key.message());
  auto chain = keys::certificates_in(*pem);
  if (!chain) return fail(Errc::invalid, portal.certificate + ": " + chain.message());
  if (!key->matches(chain->front())) {
    return fail(Errc::invalid, portal.key + " is not the key of the first certificate of " + portal.certificate);
  }
  auto until_us = keys::valid_until_us(chain->front());
  if (!until_us) return base::pass(until_us);
  return Current{std::move(*chain), std::move(*key), *until_us, std::move(files)};
}

keys::TlsNames PortalIdentity::names() const {
  keys::TlsNames out;
  for (const std::string& name : config_.portal.names) (is_address(name) ? out.addresses : out.hosts).push_back(name);
  if (!config_.portal.names.empty()) return out;
  out.hosts = {host_name(), "localhost"};
  out.addresses = {"127.0.0.1", "::1"};
  const std::string& host = config_.listen_portal ? config_.listen_portal->host : "";
  if (!host.empty() && host != "0.0.0.0" && host != "::" && host != "127.0.0.1") out.addresses.push_back(host);
  return out;
}

base::Result<PortalIdentity::Current> PortalIdentity::from_authority() const {
  auto authority = tls_authority(vault_, clock_);
  if (!authority) return base::pass(authority);
  auto key = keys::TlsKey::generate();
  if (!key) return base::pass(key);
  auto certificate = keys::issue_tls_server(*authority, *key, names(), clock_.now_us(), kLifeUs);
  if (!certificate) return fail(Errc::invalid, "portal.names: " + certificate.message());
  return Current{{std::move(*certificate), authority->certificate}, std::move(*key), clock_.now_us() + kLifeUs, ""};
}

}  // namespace sallyport::broker
