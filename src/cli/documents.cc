// SPDX-License-Identifier: Apache-2.0
// Reading files of resources.
#include "cli/documents.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fd.h"
#include "config/yaml.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

base::Status read_text(const std::string& name, std::string_view text, std::vector<Document>& out) {
  auto nodes = config::parse_yaml(text, name);
  if (!nodes) return base::pass(nodes);
  for (const config::YamlNode& node : *nodes) {
    // A list of resources is as good as a document for each.
    const auto& items = node.kind == config::YamlKind::list ? node.children : std::vector<config::YamlNode>{node};
    for (const config::YamlNode& item : items) {
      const std::string where = name + ":" + std::to_string(item.line);
      if (item.kind != config::YamlKind::map || item.find("kind") == nullptr) {
        return base::fail(base::Errc::invalid, where +
                                                   ": a resource is a map with kind and name; known kinds: user, "
                                                   "group, target, account, policy, recipient");
      }
      out.push_back({where, config::to_json(item)});
    }
  }
  return {};
}

base::Status read_file_into(const std::string& path, std::vector<Document>& out) {
  auto bytes = base::read_file(path, config::kYamlMaxBytes);
  if (!bytes) return base::pass(bytes);
  return read_text(path, base::text(*bytes), out);
}

base::Status read_directory(const std::string& path, std::vector<Document>& out) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return base::fail_errno(path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    const std::size_t dot = name.rfind('.');
    const std::string ending = dot == std::string::npos ? "" : name.substr(dot);
    if (name[0] != '.' && (ending == ".yaml" || ending == ".yml" || ending == ".json")) names.push_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  if (names.empty()) return base::fail(base::Errc::not_found, path + ": holds no .yaml, .yml or .json file");
  for (const std::string& name : names) {
    if (auto read = read_file_into(path + "/" + name, out); !read) return read;
  }
  return {};
}

}  // namespace

base::Result<std::vector<Document>> read_documents(const std::string& file) {
  std::vector<Document> out;
  base::Status read;
  struct stat status {};
  if (file == "-") {
    auto bytes = base::read_file("/dev/stdin", config::kYamlMaxBytes);
    if (!bytes) return base::pass(bytes);
    read = read_text("standard input", base::text(*bytes), out);
  } else if (::stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    read = read_directory(file, out);
  } else {
    read = read_file_into(file, out);
  }
  if (!read) return base::pass(read);
  if (out.empty()) return base::fail(base::Errc::invalid, file + ": holds no resource");
  return out;
}

base::Status send_documents(AdminClient& client, const std::vector<Document>& documents) {
  for (const Document& document : documents) {
    ipc::AdminRequest item;
    item.mutable_apply_item()->set_json(document.json);
    if (auto sent = client.send(item); !sent) {
      return base::fail(sent.error().code, document.where + ": " + sent.message());
    }
  }
  return {};
}

base::Error with_place(base::Error error, const std::vector<Document>& documents) {
  const std::string prefix = "document ";
  if (error.message.rfind(prefix, 0) != 0) return error;
  const std::size_t number = std::strtoul(error.message.c_str() + prefix.size(), nullptr, 10);
  const std::size_t colon = error.message.find(": ");
  if (number == 0 || number > documents.size() || colon == std::string::npos) return error;
  error.message = documents[number - 1].where + error.message.substr(colon);
  return error;
}

}  // namespace sallyport::cli
