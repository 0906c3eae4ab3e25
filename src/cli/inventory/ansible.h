// SPDX-License-Identifier: Apache-2.0
// An Ansible inventory before its variables are settled: what the INI and the YAML form have in common. Pure, on
// foreign text; templates are never evaluated.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/inventory/inventory.h"

namespace sallyport::cli::inventory {

/// The variables that say how to connect: "host", "port", "user", "connection".
using ConnectionVars = std::map<std::string, std::string, std::less<>>;

struct AnsibleGroup {
  std::set<std::string> hosts;
  std::set<std::string> children;
  ConnectionVars vars;
};

class AnsibleInventory {
 public:
  static constexpr std::size_t kMaxGroups = 2'000;
  static constexpr std::size_t kMaxMemberships = 200'000;
  static constexpr std::size_t kMaxDepth = 64;

  /// Errors: full.
  base::Status add_group(const std::string& name);
  base::Status add_child(const std::string& group, const std::string& child);
  /// A host pattern, "web[01:20].example.org" or "[fd00::7]:2222" too: the names behind it, which are hosts from now
  /// on. Errors: invalid (no such range), full.
  base::Result<std::vector<std::string>> add_hosts(const std::string& group, const std::string& pattern);

  /// Keeps what says how to connect; notes what else matters.
  void set_host_var(const std::string& host, std::string_view key, std::string_view value);
  void set_group_var(const std::string& group, std::string_view key, std::string_view value);
  void note(std::string_view text) { notes_.push_back(std::string(text)); }

  /// Settles each host's variables as Ansible does: its own, then those of the nearer group. Errors: invalid (groups in
  /// a circle), full.
  base::Result<Inventory> settle() const;

 private:
  base::Result<std::map<std::string, std::size_t>> depths() const;
  RawHost raw_host(const std::string& name, const std::set<std::string>& groups,
                   const std::map<std::string, std::size_t>& depths, ConnectionVars& vars) const;
  void set(ConnectionVars& vars, std::string_view key, std::string_view value);

  std::map<std::string, AnsibleGroup> groups_;
  std::vector<std::string> order_;  // hosts, as they came
  std::map<std::string, ConnectionVars> hosts_;
  std::size_t memberships_ = 0;
  std::vector<std::string> notes_;
  std::set<std::string, std::less<>> left_out_;  // variables, by what is said of them
};

/// "web[1:3]" → web1 web2 web3. Errors: invalid, full (more than max names).
base::Result<std::vector<std::string>> expand_range(std::string_view pattern, std::size_t max);

base::Status read_ansible_ini(std::string_view text, const std::string& name, AnsibleInventory& out);
base::Status read_ansible_yaml(std::string_view text, const std::string& name, AnsibleInventory& out);

}  // namespace sallyport::cli::inventory
