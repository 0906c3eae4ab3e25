// SPDX-License-Identifier: Apache-2.0
// serve, doctor, status, master-key: the node itself.
#include <pwd.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/host_checks.h"
#include "cli/output.h"
#include "cli/tty.h"
#include "cli/verbs.h"
#include "cli/worker_trial.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

using sandbox::Finding;
using sandbox::FindingState;

base::Result<int> serve(Context& context) {
  const std::string directory = find_libexec_dir();
  if (directory.empty()) {
    return base::fail(base::Errc::not_found, "sallyportd is not installed beside this command (libexec/sallyport)");
  }
  const std::string program = directory + "/sallyportd";
  std::vector<std::string> words{program};
  if (context.config_path) words.insert(words.end(), {"--config", *context.config_path});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::cout.flush();
  ::execv(program.c_str(), argv.data());
  return base::fail_errno("cannot run " + program);
}

std::optional<sandbox::Identity> worker_identity(const config::Config& config) {
  if (::geteuid() != 0) return std::nullopt;
  for (const std::string& name : {config.worker_user, std::string("nobody")}) {
    if (const passwd* entry = ::getpwnam(name.c_str())) return sandbox::Identity{entry->pw_uid, entry->pw_gid};
  }
  return std::nullopt;
}

void print_findings(const std::vector<Finding>& findings) {
  std::vector<Json> rows;
  for (const Finding& finding : findings) {
    rows.push_back({{"name", finding.name}, {"state", sandbox::to_string(finding.state)}, {"detail", finding.detail}});
  }
  std::cout << render_table({{"STATE", "state"}, {"WHAT", "name"}, {"FOUND", "detail"}}, rows, colour_of_stdout());
  for (const Finding& finding : findings) {
    if (finding.state == FindingState::ok) continue;
    std::cout << "\n"
              << sandbox::to_string(finding.state) << ": " << base::escape_for_terminal(finding.name) << ": "
              << base::escape_for_terminal(finding.detail) << "\n  why:    " << base::escape_for_terminal(finding.why)
              << "\n  to do:  " << base::escape_for_terminal(finding.remedy) << "\n";
  }
}

base::Result<int> doctor(Context& context) {
  std::vector<Finding> findings;
  std::string libexec = find_libexec_dir();
  auto config = context.config();
  if (config) {
    findings.push_back({"configuration", FindingState::ok, context.config_path.value_or(config::kDefaultConfigPath),
                        "the gateway does not start with a wrong configuration", ""});
    const Serving serving = context.connect() ? Serving::yes : Serving::no;
    if (!config->libexec_dir.empty()) libexec = config->libexec_dir;
    for (Finding& finding : examine_node(*config, serving, libexec)) findings.push_back(std::move(finding));
  } else {
    findings.push_back({"configuration", FindingState::fail, config.message(),
                        "the gateway does not start with a wrong configuration", "correct the file"});
  }
  const auto identity = worker_identity(config ? *config : config::Config{});
  for (Finding& finding : sandbox::examine_host(identity)) findings.push_back(std::move(finding));
  for (const std::string leg : {"front", "back"}) {
    findings.push_back(
        try_worker(leg + " worker", libexec + "/sallyport-" + leg + "-ssh", identity, WorkerPeer::socket));
  }
  findings.push_back(try_worker("web worker", libexec + "/sallyport-front-web", identity, WorkerPeer::socket));
  findings.push_back(try_worker("inspector worker", libexec + "/sallyport-inspector", identity, WorkerPeer::none));
  findings.push_back(try_worker("viewer", libexec + "/sallyport-viewer", identity, WorkerPeer::none));
  if (context.format == Format::json) {
    Json rows = Json::array();
    for (const Finding& finding : findings) {
      rows.push_back({{"name", finding.name},
                      {"state", sandbox::to_string(finding.state)},
                      {"detail", finding.detail},
                      {"why", finding.why},
                      {"remedy", finding.remedy}});
    }
    std::cout << dump(rows) << "\n";
  } else {
    print_findings(findings);
  }
  return sandbox::can_serve(findings) ? 0 : 1;
}

base::Result<int> status(Context& context) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_node_status();
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  if (auto printed = print_object(context, answer->done); !printed) return base::pass(printed);
  return 0;
}

base::Result<int> rotate(Context& context) {
  auto config = context.config();
  if (!config) return base::pass(config);
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_rotate_master_key();
  if (config->master_key.source == config::MasterKeySource::passphrase) {
    auto passphrase =
        ::isatty(STDIN_FILENO) == 1 ? ask_secret_twice("New passphrase") : read_secret_stdin(4096, Strip::line);
    if (!passphrase) return base::pass(passphrase);
    request.mutable_rotate_master_key()->set_passphrase(passphrase->data(), passphrase->size());
  }
  auto answer = client->ask(request);
  auto& field = *request.mutable_rotate_master_key()->mutable_passphrase();
  base::wipe(field.data(), field.size());
  if (!answer) return base::pass(answer);
  if (context.format == Format::json) {
    std::cout << dump(Json{{"rotated", true}}) << "\n";
  } else {
    std::cout << "every stored secret is sealed under a new master key\n";
  }
  return 0;
}

}  // namespace

void add_node_verbs(Command root) {
  root.verb("serve", "Run the gateway in the foreground; it prints one JSON line when it is ready",
            {"sallyport serve", "sallyport serve --config ./sallyport.yaml"})
      .run([](Context& c) { return serve(c); });
  root.verb("doctor", "Check this host: what is missing, why it matters and what to do",
            {"sallyport doctor", "sallyport doctor -o json"})
      .run([](Context& c) { return doctor(c); });
  root.verb("status", "Show the running gateway: addresses, sessions, space, keys", {"sallyport status -o json"})
      .run([](Context& c) { return status(c); });
  Command key = root.group("master-key", "The key that seals all stored secrets");
  key.verb("rotate", "Seal every stored secret under a new master key",
           {"sallyport master-key rotate", "sallyport master-key rotate -o json"})
      .run([](Context& c) { return rotate(c); });
}

}  // namespace sallyport::cli
