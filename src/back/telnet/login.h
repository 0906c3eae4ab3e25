// SPDX-License-Identifier: Apache-2.0
// Logging in by prompts (there is no other way in Telnet): watches what the target shows and says what is due next.
// Untrusted side; pure. It never holds the password: it says when the target waits for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::back::telnet {

/// How a target asks, from its resource. Compared without regard to case.
struct Prompts {
  std::string name;                  ///< ends the line on which the login name is wanted, such as "login:"
  std::string password;              ///< such as "Password:"
  std::vector<std::string> shell;    ///< one of them ends the line on which commands are wanted, such as "$" or "#"
  std::vector<std::string> refused;  ///< a line that holds one of them says no, such as "Login incorrect"
};

class Login {
 public:
  /// What a target may show before the login is done, in all.
  static constexpr std::size_t kMaxShownBytes = 64 * 1024;

  enum class Due {
    nothing,      ///< more of the target's text is needed
    name,         ///< send the login name
    password,     ///< send the password, once
    done,         ///< the user is in; greeting() is what the target showed since the password
    refused,      ///< the target said no
    asked_again,  ///< the line so far ends as a prompt does: a no, if nothing follows ("Last login: …" may)
  };

  explicit Login(Prompts prompts) : prompts_(std::move(prompts)) {}

  /// Text from the target. One step at a time: what follows a prompt in the same bytes is looked at as well, since a
  /// target may show several lines at once. Errors: full, the target shows more than kMaxShownBytes.
  base::Result<Due> shown(base::ByteView text);
  /// What the target showed after the password was sent, from the end of that line on: what stands on the line itself
  /// may be the password's echo.
  const base::Bytes& greeting() const { return greeting_; }

 private:
  enum class Stage { name, password, answer };
  Due at_end_of_line();
  Due at_prompt();
  void take(std::uint8_t byte);
  void keep(base::ByteView text);

  Prompts prompts_;
  Stage stage_ = Stage::name;
  std::string line_;  // the current one, without escape sequences
  enum class Escape { no, begun, csi } escape_ = Escape::no;
  std::size_t shown_bytes_ = 0;
  base::Bytes greeting_;
};

}  // namespace sallyport::back::telnet
