// SPDX-License-Identifier: Apache-2.0
// sallyport.yaml as a typed value: what one node is told by its administrator. Trusted side; holds no secret.
// Every key has a working default and unknown keys are refused: docs/configuration.md describes each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace sallyport::config {

constexpr const char* kDefaultConfigPath = "/etc/sallyport/sallyport.yaml";

/// A numeric address and a port to listen at. Port 0: the kernel chooses, `serve` prints it.
struct ListenAddress {
  std::string host;  ///< IPv4 or IPv6, without brackets
  std::uint16_t port = 0;
};

/// Where the key that seals all secrets at rest comes from.
enum class MasterKeySource {
  file,        ///< path; created at the first start of an empty store
  passphrase,  ///< asked for at start: the terminal, or the first line of standard input
  credential,  ///< $CREDENTIALS_DIRECTORY/sallyport-master-key (systemd)
};
struct MasterKey {
  MasterKeySource source = MasterKeySource::file;
  std::string path = "/etc/sallyport/keys/master.key";
};

struct Limits {
  std::uint32_t preauth_seconds = 30;            ///< from accept to a successful login, absolute
  std::uint32_t preauth_total = 512;             ///< connections that are not logged in yet
  std::uint32_t preauth_per_source = 64;         ///< of them, from one address (IPv6: one /64)
  std::uint32_t connections_per_user = 256;      ///< that are logged in
  std::uint32_t choice_seconds = 900;            ///< from a login without a target to the last choice or jump, absolute
  std::uint32_t auth_tries = 6;                  ///< failed attempts a connection has
  std::uint32_t source_guesses_per_minute = 60;  ///< wrong passwords of one address, once the free ones are used up
  std::uint32_t max_sessions = 1000;             ///< live sessions of this node
  std::uint32_t max_channels = 128;              ///< open channels a session may have
  std::uint32_t session_threads = 0;             ///< 0: one per processor, at most 8
  std::uint32_t connect_seconds = 15;            ///< TCP connection to a target
  std::uint32_t login_seconds = 30;              ///< from connection to a finished login at a target
};

/// What is done with what a target says before the login; it is recorded in any case.
enum class TargetBanner {
  show,       ///< on the first program's terminal, or its standard error
  terminals,  ///< on terminals alone
  record,     ///< nowhere
};

struct Ssh {
  std::vector<std::string> kex;             ///< in order of preference, extra_kex appended
  std::vector<std::string> ciphers;         ///< in order of preference
  std::vector<std::string> macs;            ///< in order of preference
  std::vector<std::string> legacy_clients;  ///< MACs that are offered to clients after those
  std::uint64_t rekey_bytes = 1ULL << 30;
  std::uint32_t rekey_seconds = 3600;
  std::uint32_t keepalive_seconds = 60;           ///< towards targets; 0: off
  std::uint32_t client_keepalive_seconds = 60;    ///< towards users; 0: off
  std::uint32_t client_keepalive_unanswered = 5;  ///< so many unanswered ones end the connection
  /// What the gateway calls itself to users (RFC 4253 §4.2). Some clients use OpenSSH's extensions only where the word
  /// OpenSSH and its version stand in it.
  std::string identification = "SSH-2.0-Sallyport_OpenSSH_10.0";
  std::string banner;  ///< shown to users before they log in, with CR LF line ends; empty: none
  TargetBanner target_banner = TargetBanner::show;
  std::string jump_suffix;  ///< ".psm": TARGET.psm is another name of TARGET for `ssh -J`; empty: none
};

/// Which users enrol themselves for one-time codes over SSH.
enum class SelfEnrolment {
  no,
  replace,  ///< those who prove the code that they have already
  yes,      ///< those without one, too: their key or password is all that they prove
};

/// How users log in, beside what each user and each policy says.
struct Auth {
  std::vector<std::string> require_factors;  ///< of every user for every session: "totp"
  std::uint32_t factor_seconds = 60;         ///< from a right key or password to a right second factor
  std::string issuer = "Sallyport";          ///< what authenticator apps call this gateway
  SelfEnrolment self_enrolment = SelfEnrolment::replace;
};

/// What is told of requests and changes, and by which program.
struct Notify {
  std::vector<std::string> command;    ///< a program and its arguments; empty: nobody is told
  std::string user;                    ///< what root drops to; empty: the user of workers
  std::uint32_t timeout_seconds = 30;  ///< then it is killed
};

/// Changes that one administrator alone does not make.
struct Changes {
  std::vector<std::string> second_administrator;  ///< "policy", "keys", "roles", "retention", "targets"
  std::uint32_t decide_hours = 72;                ///< how long a change waits for its decision
};

/// Defaults of a node; a policy's `record` may override bulk_after and bulk_hash.
struct Recording {
  std::string dir;                              ///< filled in: DATA_DIR/recordings unless set
  std::uint64_t bulk_after_bytes = 4ULL << 20;  ///< of one non-terminal stream, then it goes through the ring
  bool bulk_hash = true;
  bool write_only = false;  ///< the node is no recipient of its own recordings
};

/// The portal: pages and API for browsers.
struct Portal {
  std::vector<std::string> names;            ///< host names and addresses that its own certificate is for
  std::string certificate;                   ///< a PEM file, the chain behind it; empty: the gateway's own authority
  std::string key;                           ///< its PEM file
  std::string pages;                         ///< the folder of the built pages; empty: where they are installed
  std::vector<std::string> trusted_proxies;  ///< address blocks whose X-Forwarded-For counts
  std::uint32_t idle_seconds = 1800;         ///< a sign-in without a request ends
  std::uint32_t sign_in_seconds = 43'200;    ///< a sign-in ends
  std::uint32_t connections_per_user = 64;
};

/// Where names of targets are looked up.
struct Resolver {
  std::vector<std::string> servers;  ///< numeric addresses with ports; empty: those of /etc/resolv.conf
};

struct Config {
  std::string data_dir = "/var/lib/sallyport";
  std::string libexec_dir;  ///< where workers' executables are; empty: beside sallyportd
  ListenAddress listen_ssh{"0.0.0.0", 2222};
  std::optional<ListenAddress> listen_portal;   ///< none: no portal
  std::optional<ListenAddress> listen_metrics;  ///< none: no figures
  std::string store = "sqlite";                 ///< or postgresql://…
  MasterKey master_key;
  std::string service_group = "sallyport";       ///< its members are administrators
  std::string worker_user = "sallyport-worker";  ///< what root drops to; falls back to nobody where there is none
  std::string node;                              ///< filled in: the host's name unless set
  bool node_is_set = false;                      ///< rather than filled in
  std::optional<std::string> egress_address;     ///< targets see this address; for certificates' source-address
  base::LogLevel log_level = base::LogLevel::info;
  Limits limits;
  Auth auth;
  Changes changes;
  Notify notify;
  Ssh ssh;
  Recording recording;
  Portal portal;
  Resolver resolver;

  std::string admin_socket() const { return data_dir + "/admin.sock"; }
};

/// Parses one document. Errors read "NAME:LINE: what is wrong and what is possible".
base::Result<Config> parse_config(std::string_view text, const std::string& name);

/// Reads a file; with nullopt the default path, where a missing file means the defaults.
base::Result<Config> load_config(const std::optional<std::string>& path);

/// "0.0.0.0:2222", "[::]:0".
base::Result<ListenAddress> parse_listen_address(std::string_view text);
std::string to_string(const ListenAddress& address);

}  // namespace sallyport::config
