// SPDX-License-Identifier: Apache-2.0
// user enroll-totp, remove-totp, show. The secret of an enrolment is printed for the one who enrols and kept nowhere
// else; codes come from the terminal or standard input, never from the command line.
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/change_wish.h"
#include "cli/output.h"
#include "cli/tty.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"
#include "qr/terminal_code.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxCodeBytes = 64;
constexpr int kTries = 3;

// In the colours that cameras want, where there are colours.
void print_code(const Context& context, const std::string& uri) {
  const auto drawn = qr::qr_for_terminal(base::view(uri));
  if (!drawn) {
    std::cerr << "no QR code: " << drawn.message() << "\n";
    return;
  }
  const bool coloured = context.colour == Colour::on;
  std::string_view rest = base::text(drawn->view());
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::cout << (coloured ? "\x1b[40;97m" : "") << rest.substr(0, end) << (coloured ? "\x1b[0m" : "") << "\n";
    rest.remove_prefix(end + 1);
  }
}

base::Result<base::SecretBytes> read_code(const std::string& user) {
  if (::isatty(STDIN_FILENO) == 1) return read_secret_line("The app's code for " + user + ": ");
  return read_secret_stdin(kMaxCodeBytes, Strip::line);
}

// Who is at a terminal may mistype; a script may not.
base::Result<std::string> confirm(AdminClient& client, const std::string& user, bool recovery_codes) {
  for (int left = kTries;; --left) {
    auto code = read_code(user);
    if (!code) return base::pass(code);
    ipc::AdminRequest request;
    request.mutable_confirm_totp()->set_user(user);
    request.mutable_confirm_totp()->set_recovery_codes(recovery_codes);
    request.mutable_confirm_totp()->set_code(code->data(), code->size());
    auto answer = client.ask_one(request);
    auto& field = *request.mutable_confirm_totp()->mutable_code();
    base::wipe(field.data(), field.size());
    const bool again = !answer && answer.error().code == base::Errc::denied && left > 1;
    if (!again || ::isatty(STDIN_FILENO) != 1) return answer;
    std::cerr << answer.message() << "\n";
  }
}

base::Result<int> enroll_totp(Context& context, const std::string& user, bool recovery_codes) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_enroll_totp()->set_user(user);
  auto begun = client->ask_one(request);
  if (!begun) return base::pass(begun);
  auto secret = parse_object(*begun);
  if (!secret) return base::pass(secret);
  if (context.format == Format::json) {
    std::cout << dump(*secret) << "\n" << std::flush;
  } else {
    const std::string uri = secret->value("uri", std::string{});
    std::cout << "Scan this with an authenticator app, or open the address on the device that has it.\n\n";
    print_code(context, uri);
    std::cout << "\n" << render_value(uri) << "\n\n" << std::flush;
  }
  auto confirmed = confirm(*client, user, recovery_codes);
  if (!confirmed) return base::pass(confirmed);
  auto facts = parse_object(*confirmed);
  if (!facts) return base::pass(facts);
  if (context.format == Format::json) {
    std::cout << dump(*facts) << "\n";
    return 0;
  }
  std::cout << user << " is enrolled: from now on logins ask for a code\n";
  const Json codes = facts->value("recovery_codes", Json::array());
  if (codes.empty()) return 0;
  std::cout
      << "\nRecovery codes, in the place of the app's code, each good once. The gateway cannot show them again:\n";
  for (const Json& code : codes) std::cout << "  " << render_value(code) << "\n";
  return 0;
}

base::Result<int> remove_totp(Context& context, const std::string& user, const ChangeWish& wish) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_remove_totp()->set_user(user);
  put_wish(wish, *request.mutable_remove_totp());
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  const bool waits = tell_of_waiting(answer->done);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, answer->done); !printed) return base::pass(printed);
  } else if (!waits) {
    std::cout << user << " is no longer enrolled for one-time codes, and has to log in anew\n";
  }
  return waits ? kWaits : 0;
}

base::Result<int> show_user(Context& context, const std::string& user) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_show_user()->set_name(user);
  auto item = client->ask_one(request);
  if (!item) return base::pass(item);
  if (auto printed = print_object(context, *item); !printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_factor_verbs(Command user) {
  struct Options {
    std::string name;
    bool recovery_codes = false;
    ChangeWish wish;
  };
  auto o = std::make_shared<Options>();
  Command verb = user.verb("enroll-totp", "Enrol a user for one-time codes of an authenticator app",
                           {"sallyport user enroll-totp alice", "sallyport user enroll-totp alice --recovery-codes"});
  verb.positional("NAME", o->name, "The user")
      .flag("--recovery-codes", o->recovery_codes, "Make ten codes for when the app is lost, and print them")
      .run([o](Context& c) { return enroll_totp(c, o->name, o->recovery_codes); });
  verb = user.verb("remove-totp", "Remove a user's one-time codes and recovery codes",
                   {"sallyport user remove-totp alice"});
  verb.positional("NAME", o->name, "The user");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return remove_totp(c, o->name, o->wish); });
  verb = user.verb("show", "Show what a user can prove: keys, password, one-time codes",
                   {"sallyport user show alice", "sallyport user show alice -o json"});
  verb.positional("NAME", o->name, "The user").run([o](Context& c) { return show_user(c, o->name); });
}

}  // namespace sallyport::cli
