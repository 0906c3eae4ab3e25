// SPDX-License-Identifier: Apache-2.0
// The node's configuration: defaults that work, strict reading, messages that say what to do.
#include "config/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace sallyport::config {
namespace {

std::string error_of(std::string_view text) {
  auto config = parse_config(text, "c.yaml");
  return config ? "accepted" : config.message();
}

TEST(Config, DefaultsWork) {
  auto config = parse_config("", "c.yaml");
  ASSERT_TRUE(config) << config.message();
  EXPECT_EQ(config->data_dir, "/var/lib/sallyport");
  EXPECT_EQ(to_string(config->listen_ssh), "0.0.0.0:2222");
  EXPECT_EQ(config->recording.dir, "/var/lib/sallyport/recordings");
  EXPECT_EQ(config->admin_socket(), "/var/lib/sallyport/admin.sock");
  EXPECT_EQ(config->master_key.path, "/etc/sallyport/keys/master.key");
  EXPECT_EQ(config->recording.bulk_after_bytes, 4194304U);
  EXPECT_FALSE(config->node.empty());
  EXPECT_EQ(config->ssh.kex.front(), "mlkem768x25519-sha256");
  EXPECT_TRUE(config->ssh.legacy_clients.empty());
  for (const std::string& name : config->ssh.kex) EXPECT_EQ(name.find("ecdh"), std::string::npos);
}

TEST(Config, ReadsEveryKey) {
  auto config = parse_config(R"(
data_dir: /tmp/x/
libexec_dir: /opt/sp
listen: {ssh: "[::1]:0", portal: "127.0.0.1:8443", metrics: "127.0.0.1:9464"}
store: postgresql://db/sallyport
master_key: passphrase
service_group: ops
worker_user: nobody
node: gw-1
egress_address: 10.0.0.5
log_level: debug
limits: {preauth_seconds: 5, preauth_total: 10, preauth_per_source: 3, choice_seconds: 8, auth_tries: 2, source_guesses_per_minute: 8, max_sessions: 7,
         max_channels: 9, session_threads: 2, connect_seconds: 4, login_seconds: 6}
ssh: {extra_kex: [ecdh-sha2-nistp256], ciphers: [aes256-ctr], macs: [hmac-sha2-512-etm@openssh.com],
      legacy_clients: [hmac-sha2-256],
      rekey_bytes: 1MiB, rekey_seconds: 60, keepalive_seconds: 0,
      client_keepalive_seconds: 7, client_keepalive_unanswered: 1, identification: "SSH-2.0-Gate_1 here",
      banner: "Mind the gap.\nAll is recorded.", target_banner: terminals, jump_suffix: .gate}
recording: {dir: /srv/rec, bulk_after: 1 MiB, bulk_hash: false, write_only: true}
resolver: {servers: [10.0.0.53, "[::1]:5353"]}
)",
                             "c.yaml");
  ASSERT_TRUE(config) << config.message();
  EXPECT_EQ(config->data_dir, "/tmp/x");
  EXPECT_EQ(config->libexec_dir, "/opt/sp");
  EXPECT_EQ(config->listen_ssh.host, "::1");
  EXPECT_EQ(config->listen_ssh.port, 0);
  ASSERT_TRUE(config->listen_metrics);
  EXPECT_EQ(config->listen_metrics->port, 9464);
  EXPECT_EQ(to_string(config->listen_ssh), "[::1]:0");
  EXPECT_EQ(config->store, "postgresql://db/sallyport");
  EXPECT_EQ(config->master_key.source, MasterKeySource::passphrase);
  EXPECT_EQ(config->service_group, "ops");
  EXPECT_EQ(config->worker_user, "nobody");
  EXPECT_EQ(config->node, "gw-1");
  EXPECT_EQ(config->egress_address, "10.0.0.5");
  EXPECT_EQ(config->log_level, base::LogLevel::debug);
  EXPECT_EQ(config->limits.source_guesses_per_minute, 8U);
  EXPECT_EQ(config->limits.max_channels, 9U);
  EXPECT_EQ(config->limits.login_seconds, 6U);
  EXPECT_EQ(config->limits.choice_seconds, 8U);
  EXPECT_EQ(config->ssh.kex.back(), "ecdh-sha2-nistp256");
  EXPECT_EQ(config->ssh.kex.front(), "mlkem768x25519-sha256");
  EXPECT_EQ(config->ssh.ciphers, std::vector<std::string>{"aes256-ctr"});
  EXPECT_EQ(config->ssh.legacy_clients, std::vector<std::string>{"hmac-sha2-256"});
  EXPECT_EQ(config->ssh.rekey_bytes, 1048576U);
  EXPECT_EQ(config->ssh.client_keepalive_seconds, 7U);
  EXPECT_EQ(config->ssh.client_keepalive_unanswered, 1U);
  EXPECT_EQ(config->ssh.identification, "SSH-2.0-Gate_1 here");
  EXPECT_EQ(config->ssh.banner, "Mind the gap.\r\nAll is recorded.\r\n");
  EXPECT_EQ(config->ssh.target_banner, TargetBanner::terminals);
  EXPECT_EQ(config->ssh.jump_suffix, ".gate");
  EXPECT_EQ(config->recording.dir, "/srv/rec");
  EXPECT_EQ(config->recording.bulk_after_bytes, 1048576U);
  EXPECT_EQ(config->resolver.servers, (std::vector<std::string>{"10.0.0.53:53", "[::1]:5353"}));
  EXPECT_FALSE(config->recording.bulk_hash);
  EXPECT_TRUE(config->recording.write_only);
}

TEST(Config, RefusesUnknownKeysAndSaysWhatIsPossible) {
  EXPECT_EQ(error_of("\ndata-dir: /x\n").substr(0, 65),
            "c.yaml:2: unknown key \"data-dir\"; possible here: auth, changes, d");
  EXPECT_EQ(error_of("limits:\n  max_session: 3\n").substr(0, 48),
            "c.yaml:2: unknown key \"limits.max_session\"; poss");
}

TEST(Config, SaysHowUsersLogIn) {
  const auto config = parse_config("auth: {require_factors: [totp], factor_seconds: 90, issuer: Ops & Co}", "c.yaml");
  ASSERT_TRUE(config) << config.message();
  EXPECT_EQ(config->auth.require_factors, std::vector<std::string>{"totp"});
  EXPECT_EQ(config->auth.factor_seconds, 90U);
  EXPECT_EQ(config->auth.issuer, "Ops & Co");
  EXPECT_NE(error_of("auth: {require_factors: [sms]}").find("auth.require_factors"), std::string::npos);
  EXPECT_NE(error_of("auth: {issuer: 'a:b'}").find("without a colon"), std::string::npos);
}

TEST(Config, RefusesWrongValues) {
  EXPECT_EQ(error_of("data_dir: relative"), "c.yaml:1: data_dir: must be an absolute path");
  EXPECT_EQ(error_of("data_dir: 7"), "c.yaml:1: data_dir: must be text, not a whole number");
  EXPECT_EQ(error_of("limits: {auth_tries: 0}"), "c.yaml:1: limits.auth_tries: must be between 1 and 100");
  EXPECT_EQ(error_of("limits: {auth_tries: -4}"), "c.yaml:1: limits.auth_tries: must be between 1 and 100");
  EXPECT_EQ(error_of("recording: {bulk_hash: maybe}"),
            "c.yaml:1: recording.bulk_hash: must be true or false, not text");
  EXPECT_EQ(error_of("master_key: secret"),
            "c.yaml:1: master_key: must be an absolute path, or the word passphrase or credential");
  EXPECT_EQ(
      error_of("node: Über"),
      "c.yaml:1: node: must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit");
  EXPECT_EQ(error_of("ssh: {legacy_clients: [hmac-sha1]}"),
            "c.yaml:1: ssh.legacy_clients: unknown name \"hmac-sha1\"; known: hmac-sha2-256, hmac-sha2-512");
  EXPECT_EQ(error_of("ssh: {kex: []}"), "c.yaml:1: ssh.kex: at least one key exchange must stay");
  EXPECT_EQ(error_of("ssh:\n  kex:\n    - diffie-hellman-group1-sha1\n").substr(0, 64),
            "c.yaml:3: ssh.kex: unknown name \"diffie-hellman-group1-sha1\"; kn");
  EXPECT_EQ(error_of("resolver: {servers: []}"),
            "c.yaml:1: resolver.servers: must be a list of at least one name server");
  EXPECT_EQ(error_of("resolver: {servers: [ns.example]}"),
            "c.yaml:1: resolver.servers: must be numeric addresses, as 10.0.0.53, 10.0.0.53:53 or [::1]:53");
  EXPECT_EQ(error_of("[a]"), "c.yaml:1: must be a map of keys, not a list");
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n").substr(0, 44), "c.yaml:3: a configuration is one document; r");
}

TEST(Config, ReadsListenAddressesStrictly) {
  for (const char* bad :
       {"", "2222", "localhost:22", "0.0.0.0:", "0.0.0.0:70000", "::1:22", "[::1]", "[1.2.3.4]:22", "0.0.0.0:22x"}) {
    EXPECT_FALSE(parse_listen_address(bad)) << bad;
  }
  auto good = parse_listen_address("[2001:db8::1]:22");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->host, "2001:db8::1");
}

TEST(Config, LoadsAFileAndNamesIt) {
  const std::string path = ::testing::TempDir() + "sallyport-config-" + std::to_string(::getpid()) + ".yaml";
  std::ofstream(path) << "data_dir: /tmp/y\nbogus: 1\n";
  auto config = load_config(path);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.message().rfind(path + ":2: unknown key \"bogus\"", 0), 0U) << config.message();
  std::ofstream(path) << "data_dir: /tmp/y\n";
  config = load_config(path);
  ASSERT_TRUE(config) << config.message();
  EXPECT_EQ(config->data_dir, "/tmp/y");
  ::unlink(path.c_str());
  EXPECT_FALSE(load_config(path)) << "a file that was named must exist";
}

TEST(Config, WhatUsersAreShownIsChecked) {
  const auto says = [](const std::string& ssh) { return parse_config("ssh: {" + ssh + "}", "c.yaml").has_value(); };
  for (const char* good :
       {"identification: SSH-2.0-OpenSSH_10.0 Sallyport", "identification: SSH-2.0-x",
        R"(identification: "SSH-2.0-a b - c")", R"(banner: "one\ttwo\n\nthree")", "jump_suffix: .a-b.c"}) {
    EXPECT_TRUE(says(good)) << good;
  }
  for (const char* bad :
       {"identification: OpenSSH_9.2", "identification: SSH-2.0-", R"(identification: "SSH-2.0- x")",
        "identification: SSH-1.99-x", "identification: SSH-2.0-a-b", R"(identification: "SSH-2.0-a\nb")",
        R"(identification: "SSH-2.0-\u00e4")", R"(banner: "a\u001b[2J")", R"(banner: "")", R"(banner: "a\rb")",
        "target_banner: never", "jump_suffix: .", "jump_suffix: gate", "jump_suffix: ..a", "jump_suffix: .a.",
        "jump_suffix: .*"}) {
    EXPECT_FALSE(says(bad)) << bad;
  }
  EXPECT_FALSE(says("banner: " + std::string(8193, 'x')));
}

}  // namespace
}  // namespace sallyport::config
