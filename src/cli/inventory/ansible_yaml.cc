// SPDX-License-Identifier: Apache-2.0
// Ansible's YAML form: groups of hosts, children and vars, nested.
#include "cli/inventory/ansible.h"
#include "config/yaml.h"

namespace sallyport::cli::inventory {

using base::Status;
using config::YamlKind;
using config::YamlNode;

namespace {

class Reader {
 public:
  Reader(const std::string& name, AnsibleInventory& out) : name_(name), out_(out) {}

  Status groups(const YamlNode& node, const std::string& parent) {
    if (node.kind == YamlKind::null) return {};
    if (node.kind != YamlKind::map) return wrong(node, "groups are a map");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      Status added = parent.empty() ? out_.add_group(node.keys[i]) : out_.add_child(parent, node.keys[i]);
      if (!added) return at(node.children[i], added);
      if (auto read = group(node.keys[i], node.children[i]); !read) return read;
    }
    return {};
  }

 private:
  Status group(const std::string& group, const YamlNode& node) {
    if (node.kind == YamlKind::null) return {};
    if (node.kind != YamlKind::map) return wrong(node, "a group is a map of hosts, children and vars");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const std::string& key = node.keys[i];
      const YamlNode& value = node.children[i];
      Status read;
      if (key == "hosts") {
        read = hosts(group, value);
      } else if (key == "children") {
        read = groups(value, group);
      } else if (key == "vars") {
        read = vars(value,
                    [&](const std::string& name, const std::string& text) { out_.set_group_var(group, name, text); });
      } else {
        return wrong(value, "'" + printable(key) + "': a group has hosts, children and vars");
      }
      if (!read) return read;
    }
    return {};
  }

  Status hosts(const std::string& group, const YamlNode& node) {
    if (node.kind == YamlKind::null) return {};
    if (node.kind != YamlKind::map) return wrong(node, "hosts are a map: each name ends with a colon");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      auto names = out_.add_hosts(group, node.keys[i]);
      if (!names) return at(node.children[i], base::pass(names));
      Status read = vars(node.children[i], [&](const std::string& name, const std::string& text) {
        for (const std::string& host : *names) out_.set_host_var(host, name, text);
      });
      if (!read) return read;
    }
    return {};
  }

  // What is no scalar says nothing of a connection.
  template <class Take>
  Status vars(const YamlNode& node, const Take& take) {
    if (node.kind == YamlKind::null) return {};
    if (node.kind != YamlKind::map) return wrong(node, "variables are a map");
    for (std::size_t i = 0; i < node.keys.size(); ++i) take(node.keys[i], node.children[i].text);
    return {};
  }

  Status wrong(const YamlNode& node, const std::string& what) const {
    return base::fail(base::Errc::invalid, name_ + ":" + std::to_string(node.line) + ": " + what);
  }
  Status at(const YamlNode& node, const Status& status) const {
    return base::fail(status.error().code, name_ + ":" + std::to_string(node.line) + ": " + status.message());
  }

  const std::string& name_;
  AnsibleInventory& out_;
};

}  // namespace

Status read_ansible_yaml(std::string_view text, const std::string& name, AnsibleInventory& out) {
  auto documents = config::parse_yaml(text, name);
  if (!documents) return base::pass(documents);
  Reader reader(name, out);
  for (const YamlNode& document : *documents) {
    if (auto read = reader.groups(document, ""); !read) return read;
  }
  return {};
}

}  // namespace sallyport::cli::inventory
