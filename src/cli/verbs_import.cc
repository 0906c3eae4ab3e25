// SPDX-License-Identifier: Apache-2.0
// import: prints another program's inventory as resources for `apply`. It asks no gateway and changes nothing.
#include <sys/stat.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "cli/inventory/inventory.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "config/yaml.h"

namespace sallyport::cli {
namespace {

using Reader = base::Result<inventory::Inventory> (*)(std::string_view, const std::string&);

// Ansible reads more than the one file.
void note_neighbours(const std::string& file, inventory::Inventory& out) {
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash);
  for (const char* name : {"group_vars", "host_vars"}) {
    struct stat status {};
    if (::stat((folder + "/" + name).c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      out.note(std::string(name) +
               " beside the file is not read: ansible-inventory --list -y prints all of it as one file");
    }
  }
}

// The documents as one array, for programs.
base::Result<Json> as_json(const std::string& yaml) {
  auto documents = config::parse_yaml(yaml, "the result");
  if (!documents) return base::pass(documents);
  Json out = Json::array();
  for (const config::YamlNode& document : *documents) {
    auto object = parse_object(config::to_json(document));
    if (!object) return base::pass(object);
    out.push_back(std::move(*object));
  }
  return out;
}

base::Result<int> print_import(Context& context, const std::string& format, const std::string& file, Reader read) {
  const std::string name = file == "-" ? "standard input" : file;
  auto bytes = base::read_file(file == "-" ? "/dev/stdin" : file, inventory::kMaxBytes);
  if (!bytes) return base::pass(bytes);
  auto found = read(base::text(*bytes), name);
  if (!found) return base::pass(found);
  if (format == "ansible" && file != "-") note_neighbours(file, *found);
  auto resources = inventory::to_resources(*found, format + " " + name);
  if (!resources) return base::pass(resources);
  for (const std::string& note : found->notes()) std::cerr << "sallyport: " << note << "\n";
  if (context.format == Format::json) {
    auto json = as_json(*resources);
    if (!json) return base::pass(json);
    std::cout << dump(*json) << "\n";
  } else {
    std::cout << *resources;
  }
  return 0;
}

}  // namespace

void add_import_verbs(Command root) {
  struct Form {
    const char *name, *description, *file;
    Reader read;
  };
  const Form forms[] = {
      {"ansible", "An Ansible inventory, in its INI or YAML form", "inventory.ini", inventory::read_ansible},
      {"csv", "A table; its first row has the columns' names: name, address, port, user, description, label:KEY",
       "hosts.csv", inventory::read_csv},
      {"ssh-config", "The Host blocks of an ssh_config", "~/.ssh/config", inventory::read_ssh_config}};
  auto file = std::make_shared<std::string>();
  Command group = root.group("import", "Print another program's inventory as resources for apply");
  for (const Form& form : forms) {
    const std::string name = form.name;
    Command verb =
        group.verb(name, form.description, {"sallyport import " + name + " " + form.file + " > resources.yaml"});
    verb.positional("FILE", *file, "The file, or - for standard input").run([file, name, read = form.read](Context& c) {
      return print_import(c, name, *file, read);
    });
  }
}

}  // namespace sallyport::cli
