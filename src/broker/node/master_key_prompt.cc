// SPDX-License-Identifier: Apache-2.0
// The terminal, or the first line of standard input.
#include "broker/node/master_key_prompt.h"

#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {

bool is_person() {
  return ::isatty(STDIN_FILENO) == 1;
}

// From a person without echo, or from a pipe.
base::Result<base::SecretBytes> read_hidden_line(const char* prompt) {
  termios shown{};
  const bool person = is_person() && ::tcgetattr(STDIN_FILENO, &shown) == 0;
  if (person) {
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    std::cerr << prompt << std::flush;
  }
  std::string line;
  line.reserve(4096);  // so that it is not copied about while it grows
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (person) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    std::cerr << std::endl;
  }
  base::SecretBytes secret(base::view(line));
  base::wipe(line.data(), line.size());
  if (!read) return fail(Errc::invalid, "no passphrase on standard input");
  return secret;
}

// What a person mistypes at the first start would seal all secrets, and nobody could type it again.
base::Result<base::SecretBytes> read_passphrase(bool first_start) {
  auto once = read_hidden_line(first_start ? "New passphrase of the master key: " : "Passphrase of the master key: ");
  if (!once || !first_start || !is_person()) return once;
  auto again = read_hidden_line("Once more: ");
  if (!again) return again;
  if (!base::equal_constant_time(once->view(), again->view())) {
    return fail(Errc::invalid, "the two passphrases do not match; nothing was set up");
  }
  return once;
}

}  // namespace

base::Result<vault::MasterKeySource> find_master_key(const config::MasterKey& key, bool first_start) {
  switch (key.source) {
    case config::MasterKeySource::file:
      return vault::MasterKeySource::from_file(key.path);
    case config::MasterKeySource::passphrase: {
      auto passphrase = read_passphrase(first_start);
      if (!passphrase) return base::pass(passphrase);
      return vault::MasterKeySource::from_passphrase(std::move(*passphrase));
    }
    case config::MasterKeySource::credential: {
      const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
      if (directory == nullptr) {
        return fail(Errc::not_found, "master_key: credential needs LoadCredential= in the systemd unit");
      }
      return vault::MasterKeySource::from_systemd(directory);
    }
  }
  return fail(Errc::invalid, "master_key");
}

}  // namespace sallyport::broker
