// SPDX-License-Identifier: Apache-2.0
// Groups, and whose variables hold for a host.
#include "cli/inventory/ansible.h"

#include <algorithm>
#include <array>

#include "cli/inventory/words.h"

namespace sallyport::cli::inventory {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kConnection{{
    {"ansible_host", "host"},
    {"ansible_ssh_host", "host"},
    {"ansible_port", "port"},
    {"ansible_ssh_port", "port"},
    {"ansible_user", "user"},
    {"ansible_ssh_user", "user"},
    {"ansible_connection", "connection"},
}};

constexpr std::string_view kOthers = "variables that say nothing of where and as whom to connect are left out";

// Of variables that somebody will miss.
std::string_view farewell(std::string_view key) {
  for (const std::string_view secret : {"ansible_password", "ansible_ssh_pass", "ansible_ssh_password"}) {
    if (key == secret) {
      return "passwords of targets are not read: declare the account with login: password, and store it with "
             "`sallyport "
             "account set-secret`";
    }
  }
  if (key == "ansible_ssh_private_key_file" || key == "ansible_private_key_file") {
    return "private keys of targets are not read: declare the account with login: key, and store it with `sallyport "
           "account set-secret`, or let the targets trust the gateway";
  }
  if (key.starts_with("ansible_become")) return "ansible_become… stays in Ansible's inventory";
  if (key.starts_with("ansible_ssh_") && key.ends_with("_args")) {
    return "ssh's arguments (ProxyJump and others) are not carried over: the gateway itself must reach the target";
  }
  return kOthers;
}

bool is_template(std::string_view value) {
  return value.find("{{") != std::string_view::npos || value.find("{%") != std::string_view::npos;
}

bool is_ssh(const std::string& connection) {
  return connection.empty() || connection == "ssh" || connection == "smart" || connection == "paramiko" ||
         connection == "paramiko_ssh" || connection == "ansible.builtin.ssh" || connection == "network_cli" ||
         connection == "ansible.netcommon.network_cli";
}

bool is_every_host(const std::string& group) {
  return group == "all" || group == "ungrouped";
}

// "host:2222" and "[fd00::7]:2222".
std::pair<std::string, std::string> split_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const bool after_bracket = colon != std::string::npos && colon > 0 && text[colon - 1] == ']';
  const bool only_one = colon != std::string::npos && text.find(':') == colon;
  const bool bracketed = colon != std::string::npos && text.find(']', colon) != std::string::npos;
  if ((!after_bracket && !only_one) || bracketed) return {text, ""};
  const std::string port = text.substr(colon + 1);
  if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos) return {text, ""};
  return {text.substr(0, colon), port};
}

}  // namespace

Status AnsibleInventory::add_group(const std::string& name) {
  if (groups_.size() >= kMaxGroups && !groups_.contains(name)) return fail(Errc::full, "more than 2000 groups");
  groups_.try_emplace(name);
  return {};
}

Status AnsibleInventory::add_child(const std::string& group, const std::string& child) {
  if (auto added = add_group(group); !added) return added;
  if (auto added = add_group(child); !added) return added;
  if (groups_[group].children.insert(child).second && ++memberships_ > kMaxMemberships) {
    return fail(Errc::full, "too many memberships in groups");
  }
  return {};
}

Result<std::vector<std::string>> AnsibleInventory::add_hosts(const std::string& group, const std::string& pattern) {
  if (auto added = add_group(group); !added) return base::pass(added);
  const auto [names, port] = split_port(pattern);
  auto expanded = expand_range(names, kMaxHosts);
  if (!expanded) return base::pass(expanded);
  for (const std::string& host : *expanded) {
    if (!hosts_.contains(host)) {
      if (hosts_.size() >= kMaxHosts) return fail(Errc::full, "more than 9000 hosts: import them in parts");
      order_.push_back(host);
      hosts_[host];
    }
    if (!port.empty()) hosts_[host]["port"] = port;
    if (groups_[group].hosts.insert(host).second && ++memberships_ > kMaxMemberships) {
      return fail(Errc::full, "too many memberships in groups");
    }
  }
  return expanded;
}

void AnsibleInventory::set(ConnectionVars& vars, std::string_view key, std::string_view value) {
  for (const auto& [name, meaning] : kConnection) {
    if (key != name) continue;
    vars[std::string(meaning)] = value;
    return;
  }
  left_out_.emplace(farewell(key));
}

void AnsibleInventory::set_host_var(const std::string& host, std::string_view key, std::string_view value) {
  set(hosts_[host], key, value);
}

void AnsibleInventory::set_group_var(const std::string& group, std::string_view key, std::string_view value) {
  set(groups_[group].vars, key, value);
}

// Of each group, how far it is below `all`.
Result<std::map<std::string, std::size_t>> AnsibleInventory::depths() const {
  std::map<std::string, std::size_t> out;
  for (const auto& [name, unused] : groups_) out[name] = name == "all" ? 0 : 1;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [name, group] : groups_) {
      for (const std::string& child : group.children) {
        if (child == "all") return fail(Errc::invalid, "the group all is a child of '" + printable(name) + "'");
        if (out[child] > out[name]) continue;
        out[child] = out[name] + 1;
        changed = true;
        if (out[child] > kMaxDepth) {
          return fail(Errc::invalid, "groups contain each other, or are nested more than 64 deep");
        }
      }
    }
  }
  return out;
}

RawHost AnsibleInventory::raw_host(const std::string& name, const std::set<std::string>& groups,
                                   const std::map<std::string, std::size_t>& depths, ConnectionVars& vars) const {
  std::vector<std::string> nearer(groups.begin(), groups.end());
  std::stable_sort(nearer.begin(), nearer.end(),
                   [&](const std::string& a, const std::string& b) { return depths.at(a) < depths.at(b); });
  RawHost out;
  for (const std::string& group : nearer) {
    for (const auto& [key, value] : groups_.at(group).vars) vars[key] = value;
    if (!is_every_host(group)) out.labels[group] = "yes";
  }
  for (const auto& [key, value] : hosts_.at(name)) vars[key] = value;
  out.name = name;
  out.address = vars["host"];
  out.port = vars["port"];
  out.user = vars["user"];
  return out;
}

Result<Inventory> AnsibleInventory::settle() const {
  Inventory out;
  for (const std::string& one : notes_) out.note(one);
  for (const std::string& one : left_out_) out.note(one);
  auto depth = depths();
  if (!depth) return base::pass(depth);
  std::map<std::string, std::set<std::string>> parents, memberships;
  for (const auto& [name, group] : groups_) {
    for (const std::string& child : group.children) parents[child].insert(name);
    for (const std::string& host : group.hosts) memberships[host].insert(name);
  }
  // A host is in its groups' parents too.
  std::size_t steps = 0;
  for (auto& [host, groups] : memberships) {
    std::vector<std::string> ahead(groups.begin(), groups.end());
    if (groups_.contains("all") && groups.insert("all").second) ahead.emplace_back("all");
    while (!ahead.empty()) {
      const std::string group = std::move(ahead.back());
      ahead.pop_back();
      for (const std::string& parent : parents[group]) {
        if (++steps > 2 * kMaxMemberships) return fail(Errc::full, "too many memberships in groups");
        if (groups.insert(parent).second) ahead.push_back(parent);
      }
    }
  }
  for (const std::string& host : order_) {
    ConnectionVars vars;
    RawHost raw = raw_host(host, memberships[host], *depth, vars);
    const std::string where = "host '" + printable(host) + "'";
    if (is_template(raw.address) || is_template(raw.port) || is_template(vars["connection"])) {
      out.note(where + " is left out: a template says where it is, and templates are not evaluated");
      continue;
    }
    if (!is_ssh(vars["connection"])) {
      out.note(where + " is left out: its connection is '" + printable(vars["connection"]) + "'");
      continue;
    }
    if (is_template(raw.user)) {
      out.note(where + ": its user is a template, which is not evaluated; no account is made of it");
      raw.user.clear();
    }
    if (auto added = out.add(raw); !added) return base::pass(added);
  }
  return out;
}

Result<Inventory> read_ansible(std::string_view text, const std::string& name) {
  auto lines = lines_of(text, name);
  if (!lines) return base::pass(lines);
  bool yaml = false;
  for (const Line& line : *lines) {
    if (line.text.front() == '#') continue;
    yaml = line.text.starts_with("---") || line.text.starts_with('{') || line.text.ends_with(':');
    break;
  }
  AnsibleInventory inventory;
  Status read = yaml ? read_ansible_yaml(text, name, inventory) : read_ansible_ini(text, name, inventory);
  if (!read) return base::pass(read);
  auto settled = inventory.settle();
  if (!settled) return fail(settled.error().code, name + ": " + settled.message());
  return settled;
}

}  // namespace sallyport::cli::inventory
