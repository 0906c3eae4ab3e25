// SPDX-License-Identifier: Apache-2.0
// Hosts as resources. Every string goes out in quotes with JSON's escapes, which YAML reads too.
#include <nlohmann/json.hpp>

#include "cli/inventory/inventory.h"

namespace sallyport::cli::inventory {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t kMaxResourceBytes = 60 * 1024;  // what `apply` can send in one message

std::string document(const Json& resource) {
  std::string out = "---\n";
  for (const auto& [key, value] : resource.items()) out += key + ": " + value.dump() + "\n";
  return out;
}

Json target_of(const Host& host) {
  Json out{{"kind", "target"}, {"name", host.name}};
  if (!host.description.empty()) out["description"] = host.description;
  out["protocol"] = "ssh";
  out["address"] = host.address;
  if (!host.labels.empty()) out["labels"] = host.labels;
  return out;
}

// User → the names of its targets. An account is one login name.
std::map<std::string, std::vector<std::string>> users_of(const Inventory& inventory) {
  std::map<std::string, std::vector<std::string>> out;
  for (const Host& host : inventory.hosts()) {
    if (!host.user.empty()) out[host.user].push_back(host.name);
  }
  return out;
}

std::string account_name(const std::string& user, std::set<std::string>& taken) {
  const std::string plain = name_from(user);
  std::string name = plain;
  for (unsigned n = 2; !taken.insert(name).second; ++n) {
    const std::string ending = "-" + std::to_string(n);
    name = plain.substr(0, 64 - ending.size()) + ending;
  }
  return name;
}

std::string head(const Inventory& inventory, const std::string& source) {
  std::string out =
      "# Resources from " + printable(source) +
      ", for: sallyport apply -f FILE\n"
      "# Read them first: apply replaces resources of the same kind and name.\n"
      "# Then pin each target's host keys: sallyport target scan NAME\n"
      "# An account with login: certificate needs targets that trust the gateway: sallyport ca show user\n"
      "# Without a policy nobody may use these resources.\n";
  if (!inventory.notes().empty()) out += "# Not carried over, or changed:\n";
  for (const std::string& note : inventory.notes()) out += "#   " + note + "\n";
  return out;
}

}  // namespace

base::Result<std::string> to_resources(const Inventory& inventory, const std::string& source) {
  if (inventory.hosts().empty()) {
    std::string why = printable(source) + ": holds no host";
    for (std::size_t i = 0; i < inventory.notes().size() && i < 3; ++i) why += "; " + inventory.notes()[i];
    return base::fail(base::Errc::invalid, why);
  }
  std::string out = head(inventory, source);
  for (const Host& host : inventory.hosts()) out += document(target_of(host));
  std::set<std::string> taken;
  for (const auto& [user, targets] : users_of(inventory)) {
    Json account{
        {"kind", "account"}, {"name", account_name(user, taken)}, {"targets", targets}, {"login", "certificate"}};
    if (account["name"] != user) account["login_name"] = user;
    if (account.dump().size() > kMaxResourceBytes) {
      return base::fail(base::Errc::full, printable(source) + ": the user '" + printable(user) + "' is on " +
                                              std::to_string(targets.size()) +
                                              " hosts, too many to list in one account: import them in parts, and "
                                              "declare an account that chooses its targets by a label");
    }
    out += document(account);
  }
  return out;
}

}  // namespace sallyport::cli::inventory
