// SPDX-License-Identifier: Apache-2.0
// user, account, ca: secrets are asked for on the terminal without echo, or read from standard input; never taken from
// the command line, where every process of the host could read them.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "cli/change_wish.h"
#include "cli/output.h"
#include "cli/tty.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxSecret = 48 * 1024;

base::Result<base::SecretBytes> read_password(const std::string& prompt) {
  if (::isatty(STDIN_FILENO) == 1) return ask_secret_twice(prompt);
  return read_secret_stdin(4096, Strip::line);
}

// A private key keeps its line ends; a password has none.
base::Result<base::SecretBytes> read_secret(const std::string& account) {
  if (::isatty(STDIN_FILENO) == 1) return ask_secret_twice("Password of account " + account);
  auto all = read_secret_stdin(kMaxSecret, Strip::nothing);
  if (!all) return base::pass(all);
  base::ByteView bytes = all->view();
  if (base::text(bytes).rfind("-----BEGIN", 0) == 0) return std::move(*all);
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r')) bytes = bytes.first(bytes.size() - 1);
  if (std::find(bytes.begin(), bytes.end(), '\n') != bytes.end()) {
    return base::fail(base::Errc::invalid, "a password is one line; a private key begins with -----BEGIN");
  }
  return base::SecretBytes(bytes);
}

base::Result<int> print_done(Context& context, const ipc::AdminRequest& request, const std::string& words) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  const bool waits = tell_of_waiting(answer->done);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, answer->done); !printed) return base::pass(printed);
  } else if (!waits) {
    std::cout << words << "\n";
  }
  return waits ? kWaits : 0;
}

base::Result<int> set_password(Context& context, const std::string& user, const ChangeWish& wish) {
  auto password = read_password("New password of " + user);
  if (!password) return base::pass(password);
  ipc::AdminRequest request;
  request.mutable_set_password()->set_user(user);
  request.mutable_set_password()->set_password(password->data(), password->size());
  put_wish(wish, *request.mutable_set_password());
  auto done = print_done(context, request, "the password of " + user + " is set");
  auto& field = *request.mutable_set_password()->mutable_password();
  base::wipe(field.data(), field.size());
  return done;
}

base::Result<int> set_secret(Context& context, const std::string& account, const ChangeWish& wish) {
  auto secret = read_secret(account);
  if (!secret) return base::pass(secret);
  ipc::AdminRequest request;
  request.mutable_set_secret()->set_account(account);
  request.mutable_set_secret()->set_secret(secret->data(), secret->size());
  put_wish(wish, *request.mutable_set_secret());
  auto done = print_done(context, request, "the secret of account " + account + " is set");
  auto& field = *request.mutable_set_secret()->mutable_secret();
  base::wipe(field.data(), field.size());
  return done;
}

base::Result<int> add_key(Context& context, const std::string& user, const std::vector<std::string>& words,
                          const std::string& file, const ChangeWish& wish) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  if (line.empty()) {
    auto bytes = base::read_file(file.empty() || file == "-" ? "/dev/stdin" : file, 64 * 1024);
    if (!bytes) return base::pass(bytes);
    line = base::to_text(*bytes);
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.find('\n') != std::string::npos) {
    return base::fail(base::Errc::invalid, "one public key at a time, as in a .pub file");
  }
  ipc::AdminRequest request;
  request.mutable_add_key()->set_user(user);
  request.mutable_add_key()->set_key_line(line);
  put_wish(wish, *request.mutable_add_key());
  return print_done(context, request, user + " has the key");
}

base::Result<int> show_ca(Context& context, const std::string& which) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_show_ca()->set_which(which);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  if (context.format == Format::json) {
    std::cout << dump(Json(*rows)) << "\n";
    return 0;
  }
  if (rows->empty()) std::cerr << "there is no target yet: the command prints one line per target\n";
  for (const Json& row : *rows) std::cout << render_value(row.value("line", Json())) << "\n";
  return 0;
}

}  // namespace

void add_credential_verbs(Command root) {
  struct Options {
    std::string name, file, which;
    std::vector<std::string> key;
    ChangeWish wish;
  };
  auto o = std::make_shared<Options>();
  Command user = root.group("user", "Passwords, public keys and one-time codes of users");
  Command verb =
      user.verb("set-password", "Set a user's password: from the terminal without echo, or from standard input",
                {"sallyport user set-password alice", "pwgen | sallyport user set-password alice"});
  verb.positional("NAME", o->name, "The user");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return set_password(c, o->name, o->wish); });
  verb = user.verb("add-key", "Add a public key to a user",
                   {"sallyport user add-key alice -f ~/.ssh/id_ed25519.pub",
                    "sallyport user add-key alice ssh-ed25519 AAAA…", "ssh-add -L | sallyport user add-key alice -f -",
                    "sallyport user add-key alice verify-required sk-ssh-ed25519@openssh.com AAAA…"});
  verb.positional("NAME", o->name, "The user")
      .positionals("KEY", o->key, "The key, as in a .pub file; options of a security key may stand before it",
                   Presence::optional)
      .option("-f,--file", o->file, "Read the key from this file (- or no option: standard input)");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return add_key(c, o->name, o->key, o->file, o->wish); });
  add_factor_verbs(user);
  add_role_verb(user);

  Command account = root.group("account", "Secrets with which the gateway logs in to targets");
  verb = account.verb("set-secret", "Store an account's password or private key: from standard input",
                      {"sallyport account set-secret deploy < id_ed25519",
                       "printf %s \"$PASSWORD\" | sallyport account set-secret deploy"});
  verb.positional("NAME", o->name, "The account");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return set_secret(c, o->name, o->wish); });

  Command ca = root.group("ca", "The gateway's certificate authorities");
  verb = ca.verb("show", "Show an authority's public key, as targets or users need it",
                 {"sallyport ca show user > /etc/ssh/sallyport_ca.pub     # TrustedUserCAKeys, on targets",
                  "sallyport ca show host >> ~/.ssh/known_hosts            # for ssh -J, on users' machines",
                  "sallyport ca show tls > sallyport-ca.crt                # for browsers, where the portal has no "
                  "other certificate"});
  verb.positional("WHICH", o->which, "Which authority", {"user", "host", "tls"}).run([o](Context& c) {
    return show_ca(c, o->which);
  });
}

}  // namespace sallyport::cli
