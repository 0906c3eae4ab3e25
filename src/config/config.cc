// SPDX-License-Identifier: Apache-2.0
// sallyport.yaml read and checked. Trusted side; touches no file but the one it is told to read.
#include "config/config.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/escape.h"
#include "base/fd.h"
#include "config/access_settings.h"
#include "config/config_reader.h"
#include "config/portal_reader.h"
#include "config/yaml.h"

namespace sallyport::config {
namespace {

using Names = std::vector<std::string>;

constexpr std::uint16_t kNamePort = 53;
constexpr std::size_t kMaxNameServers = 3;
constexpr std::size_t kMaxBannerBytes = 8 * 1024;

const Names& default_kex() {
  static const Names names{"mlkem768x25519-sha256",
                           "sntrup761x25519-sha512",
                           "sntrup761x25519-sha512@openssh.com",
                           "curve25519-sha256",
                           "curve25519-sha256@libssh.org",
                           "diffie-hellman-group16-sha512",
                           "diffie-hellman-group18-sha512",
                           "diffie-hellman-group14-sha256"};
  return names;
}
const Names& optional_kex() {
  static const Names names{"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"};
  return names;
}
const Names& default_ciphers() {
  static const Names names{"aes256-gcm@openssh.com",
                           "aes128-gcm@openssh.com",
                           "chacha20-poly1305@openssh.com",
                           "aes256-ctr",
                           "aes192-ctr",
                           "aes128-ctr"};
  return names;
}
const Names& default_macs() {
  static const Names names{"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"};
  return names;
}

const Names& legacy_client_macs() {
  static const Names names{"hmac-sha2-256", "hmac-sha2-512"};
  return names;
}

bool is_numeric_address(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

// A node's name stands in file names, audit events and certificates: the alphabet of resource names.
bool is_node_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
}

std::string host_name() {
  char buffer[256] = {};
  if (::gethostname(buffer, sizeof buffer - 1) != 0) return "localhost";
  std::string name(buffer);
  name = name.substr(0, std::min<std::size_t>(name.find('.'), 64));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return is_node_name(name) ? name : "localhost";
}

void read_listen(MapReader listen, Config& config) {
  const auto one = [&](const char* key, auto& out) {
    std::string text;
    listen.text(key, text);
    if (text.empty()) return;
    auto address = parse_listen_address(text);
    if (address) {
      out = *address;
    } else {
      listen.wrong(key, address.message());
    }
  };
  one("ssh", config.listen_ssh);
  one("portal", config.listen_portal);
  one("metrics", config.listen_metrics);
  listen.finish();
}

void read_limits(MapReader limits, Limits& out) {
  limits.number("preauth_seconds", out.preauth_seconds, 1, 600);
  limits.number("preauth_total", out.preauth_total, 1, 100'000);
  limits.number("preauth_per_source", out.preauth_per_source, 1, 100'000);
  limits.number("connections_per_user", out.connections_per_user, 1, 100'000);
  limits.number("choice_seconds", out.choice_seconds, 1, 86'400);
  limits.number("auth_tries", out.auth_tries, 1, 100);
  limits.number("source_guesses_per_minute", out.source_guesses_per_minute, 1, 100'000);
  limits.number("max_sessions", out.max_sessions, 1, 100'000);
  limits.number("max_channels", out.max_channels, 1, 1024);
  limits.number("session_threads", out.session_threads, 0, 64);
  limits.number("connect_seconds", out.connect_seconds, 1, 600);
  limits.number("login_seconds", out.login_seconds, 1, 600);
  limits.finish();
}

// RFC 4253 §4.2: SSH-2.0-softwareversion SP comments, printable US-ASCII, 255 bytes with CR LF.
bool is_identification(const std::string& text) {
  constexpr std::string_view begin = "SSH-2.0-";
  if (text.size() > 253 || text.rfind(begin, 0) != 0) return false;
  const std::string software = text.substr(begin.size(), text.find(' ') - begin.size());
  return !software.empty() && software.find('-') == std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void read_identification(MapReader& ssh, Ssh& out) {
  ssh.text("identification", out.identification);
  if (!is_identification(out.identification)) {
    ssh.wrong("identification",
              "must be SSH-2.0-SOFTWARE or SSH-2.0-SOFTWARE COMMENTS, in printable ASCII of at most 253 "
              "bytes, and SOFTWARE without a hyphen");
  }
}

// RFC 4252 §5.4: UTF-8 with CR LF line ends. Clients drop control characters; they are refused here.
void read_banner(MapReader& ssh, Ssh& out) {
  std::string text;
  ssh.text("banner", text);
  if (text.empty()) return;
  if (text.size() > kMaxBannerBytes) return ssh.wrong("banner", "must be at most 8 KiB");
  if (text.back() != '\n') text += '\n';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
      return ssh.wrong("banner", "must be lines of text without control characters");
    }
    if (c == '\n') out.banner += '\r';
    out.banner += c;
  }
}

void read_target_banner(MapReader& ssh, TargetBanner& out) {
  std::string word;
  ssh.text("target_banner", word);
  if (word.empty() || word == "show") return;
  if (word == "terminals") {
    out = TargetBanner::terminals;
  } else if (word == "record") {
    out = TargetBanner::record;
  } else {
    ssh.wrong("target_banner", "must be show, terminals or record");
  }
}

void read_jump_suffix(MapReader& ssh, std::string& out) {
  ssh.text("jump_suffix", out);
  if (out.empty()) return;
  const bool fits = out.size() >= 2 && out.size() <= 64 && out[0] == '.' && out[1] != '.' && out.back() != '.' &&
                    out.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  if (!fits) ssh.wrong("jump_suffix", "must be a dot and a name of a-z, 0-9, dots and hyphens, such as .sallyport");
}

void read_ssh(MapReader ssh, Ssh& out) {
  Names known_kex = default_kex();
  known_kex.insert(known_kex.end(), optional_kex().begin(), optional_kex().end());
  ssh.names("kex", out.kex, known_kex);
  Names extra;
  ssh.names("extra_kex", extra, known_kex);
  for (std::string& name : extra) {
    if (std::find(out.kex.begin(), out.kex.end(), name) == out.kex.end()) out.kex.push_back(std::move(name));
  }
  ssh.names("ciphers", out.ciphers, default_ciphers());
  ssh.names("macs", out.macs, default_macs());
  ssh.names("legacy_clients", out.legacy_clients, legacy_client_macs());
  if (out.kex.empty()) ssh.wrong("kex", "at least one key exchange must stay");
  if (out.ciphers.empty()) ssh.wrong("ciphers", "at least one cipher must stay");
  // The counter-mode ciphers need one; with none of them an empty list would do, but a default costs nothing.
  if (out.macs.empty()) ssh.wrong("macs", "at least one message authentication code must stay");
  ssh.bytes("rekey_bytes", out.rekey_bytes, 1ULL << 20, 1ULL << 36);
  ssh.number("rekey_seconds", out.rekey_seconds, 60, 86'400);
  ssh.number("keepalive_seconds", out.keepalive_seconds, 0, 3600);
  ssh.number("client_keepalive_seconds", out.client_keepalive_seconds, 0, 3600);
  ssh.number("client_keepalive_unanswered", out.client_keepalive_unanswered, 1, 100);
  read_identification(ssh, out);
  read_banner(ssh, out);
  read_target_banner(ssh, out.target_banner);
  read_jump_suffix(ssh, out.jump_suffix);
  ssh.finish();
}

void read_recording(MapReader recording, Recording& out) {
  recording.text("dir", out.dir);
  if (!out.dir.empty() && out.dir[0] != '/') recording.wrong("dir", "must be an absolute path");
  recording.bytes("bulk_after", out.bulk_after_bytes, 64 * 1024, 1ULL << 40);
  recording.boolean("bulk_hash", out.bulk_hash);
  recording.boolean("write_only", out.write_only);
  recording.finish();
}

// An address alone means the usual port.
void read_resolver(MapReader resolver, Resolver& out) {
  if (const YamlNode* servers = resolver.take("servers"); servers != nullptr) {
    for (const YamlNode& child : servers->children) {
      auto address = is_numeric_address(child.text) ? base::Result<ListenAddress>(ListenAddress{child.text, kNamePort})
                                                    : parse_listen_address(child.text);
      if (!address || address->port == 0) {
        resolver.wrong("servers", "must be numeric addresses, as 10.0.0.53, 10.0.0.53:53 or [::1]:53");
      } else {
        out.servers.push_back(to_string(*address));
      }
    }
    if (out.servers.empty()) resolver.wrong("servers", "must be a list of at least one name server");
    if (out.servers.size() > kMaxNameServers) resolver.wrong("servers", "at most 3 name servers are asked");
  }
  resolver.finish();
}

void read_master_key(MapReader& top, MasterKey& out) {
  std::string value;
  top.text("master_key", value);
  if (value.empty()) return;
  if (value == "passphrase") {
    out.source = MasterKeySource::passphrase;
  } else if (value == "credential") {
    out.source = MasterKeySource::credential;
  } else if (value[0] == '/') {
    out.path = value;
  } else {
    top.wrong("master_key", "must be an absolute path, or the word passphrase or credential");
  }
}

void read_log_level(MapReader& top, base::LogLevel& out) {
  std::string value;
  top.text("log_level", value);
  if (value == "debug") out = base::LogLevel::debug;
  if (value == "info") out = base::LogLevel::info;
  if (value == "warning") out = base::LogLevel::warning;
  if (value == "error") out = base::LogLevel::error;
  if (!value.empty() && value != "debug" && value != "info" && value != "warning" && value != "error") {
    top.wrong("log_level", "must be debug, info, warning or error");
  }
}

void read_top(MapReader& top, Config& config) {
  top.text("data_dir", config.data_dir);
  if (config.data_dir[0] != '/') top.wrong("data_dir", "must be an absolute path");
  top.text("libexec_dir", config.libexec_dir);
  if (!config.libexec_dir.empty() && config.libexec_dir[0] != '/') {
    top.wrong("libexec_dir", "must be an absolute path");
  }
  top.text("store", config.store);
  if (config.store != "sqlite" && config.store.rfind("postgresql://", 0) != 0) {
    top.wrong("store", "must be sqlite, or postgresql://USER@HOST/DATABASE");
  }
  read_master_key(top, config.master_key);
  top.text("service_group", config.service_group);
  top.text("worker_user", config.worker_user);
  top.text("node", config.node);
  config.node_is_set = !config.node.empty();
  if (!config.node.empty() && !is_node_name(config.node)) {
    top.wrong("node", "must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit");
  }
  std::string egress;
  top.text("egress_address", egress);
  if (!egress.empty()) config.egress_address = egress;
  if (!egress.empty() && !is_numeric_address(egress)) {
    top.wrong("egress_address", "must be a numeric IPv4 or IPv6 address");
  }
  read_log_level(top, config.log_level);
}

Config with_lists() {
  Config config;
  config.ssh.kex = default_kex();
  config.ssh.ciphers = default_ciphers();
  config.ssh.macs = default_macs();
  return config;
}

void fill_in(Config& config) {
  while (config.data_dir.size() > 1 && config.data_dir.back() == '/') config.data_dir.pop_back();
  if (config.recording.dir.empty()) config.recording.dir = config.data_dir + "/recordings";
  if (config.node.empty()) config.node = host_name();
}

}  // namespace

base::Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  ListenAddress out;
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    out.host = std::string(host);
    const bool port_ok = error == std::errc{} && rest == port.data() + port.size();
    const bool six = out.host.find(':') != std::string::npos;
    if (port_ok && six == bracketed && is_numeric_address(out.host)) return out;
  }
  return base::fail(base::Errc::invalid,
                    "must be a numeric address and a port, as 0.0.0.0:2222 or [::]:2222 (port 0: any free one)");
}

std::string to_string(const ListenAddress& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return (six ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

base::Result<Config> parse_config(std::string_view text, const std::string& name) {
  auto documents = parse_yaml(text, name);
  if (!documents) return base::pass(documents);
  if (documents->size() > 1) {
    return base::fail(base::Errc::invalid, name + ":" + std::to_string((*documents)[1].line) +
                                               ": a configuration is one document; resources belong to `sallyport "
                                               "apply -f`");
  }
  Config config = with_lists();
  if (!documents->empty()) {
    const YamlNode& root = documents->front();
    if (root.kind != YamlKind::map) {
      return base::fail(base::Errc::invalid,
                        name + ":" + std::to_string(root.line) + ": must be a map of keys, not " + describe(root.kind));
    }
    ReadErrors errors{name, {}};
    MapReader top(&root, "", errors);
    read_top(top, config);
    read_listen(top.map("listen"), config);
    read_limits(top.map("limits"), config.limits);
    read_auth(top.map("auth"), config.auth);
    read_changes(top.map("changes"), config.changes);
    read_notify(top.map("notify"), config.notify);
    read_ssh(top.map("ssh"), config.ssh);
    read_recording(top.map("recording"), config.recording);
    read_portal(top.map("portal"), config.portal);
    read_resolver(top.map("resolver"), config.resolver);
    top.finish();
    if (!errors.first) return base::pass(errors.first);
  }
  fill_in(config);
  return config;
}

base::Result<Config> load_config(const std::optional<std::string>& path) {
  const std::string name = path.value_or(kDefaultConfigPath);
  struct stat status {};
  if (!path && ::stat(name.c_str(), &status) != 0 && errno == ENOENT) return parse_config("", name);
  auto text = base::read_file(name, kYamlMaxBytes);
  if (!text) return base::pass(text);
  return parse_config(base::text(*text), name);
}

}  // namespace sallyport::config
