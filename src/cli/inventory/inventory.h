// SPDX-License-Identifier: Apache-2.0
// Inventories of other programs, read to become resources for `apply`. Trusted side, pure, but the files may be
// anybody's: bounded, and nothing in them is followed, run or evaluated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::cli::inventory {

inline constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxLineBytes = 16 * 1024;
inline constexpr std::size_t kMaxHosts = 9'000;  ///< with their accounts, what one `apply` takes
inline constexpr std::size_t kMaxNotes = 200;

/// A host as the file names it: foreign text.
struct RawHost {
  std::string name;
  std::string address;  ///< the name when empty
  std::string port;     ///< 22 when empty
  std::string user;     ///< no account when empty
  std::string description;
  std::map<std::string, std::string> labels;
};

/// A host whose every field a target resource takes.
struct Host {
  std::string name;
  std::string address;  ///< "HOST:PORT"
  std::string user;
  std::string description;
  std::map<std::string, std::string> labels;
};

/// What becomes of a file: hosts, and what could not be carried over, in sentences of printable ASCII.
class Inventory {
 public:
  /// Takes the host over, or notes why not. Errors: full.
  base::Status add(const RawHost& raw);
  /// Said once, however often it is noted; bounded.
  void note(std::string_view text);

  const std::vector<Host>& hosts() const { return hosts_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string unique_name(const std::string& raw);
  std::string checked_user(const RawHost& raw);
  std::map<std::string, std::string> checked_labels(const RawHost& raw);

  std::vector<Host> hosts_;
  std::vector<std::string> notes_;
  std::set<std::string> noted_;
  std::set<std::string> names_;
};

// Errors of all of them: invalid ("NAME:LINE: what is wrong"), full.
base::Result<Inventory> read_csv(std::string_view text, const std::string& name);
base::Result<Inventory> read_ssh_config(std::string_view text, const std::string& name);
/// Its INI form or its YAML form, as the first line looks.
base::Result<Inventory> read_ansible(std::string_view text, const std::string& name);

/// YAML documents for `apply`: a target for each host, an account for each user. `source` is named in a comment.
/// Errors: invalid (there is no host), full (an account with too many targets).
base::Result<std::string> to_resources(const Inventory& inventory, const std::string& source);

/// Printable ASCII of foreign text; '?' for each other byte. So a comment ends where its line ends, for every reader of
/// YAML.
std::string printable(std::string_view text, std::size_t max_bytes = 200);

/// A name for a resource: lower case, '-' for what no name holds, at most 64 characters; empty when nothing is left.
std::string name_from(std::string_view text);

}  // namespace sallyport::cli::inventory
