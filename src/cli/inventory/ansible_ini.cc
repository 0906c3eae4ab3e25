// SPDX-License-Identifier: Apache-2.0
// Ansible's INI form: [group], [group:children] and [group:vars].
#include "cli/inventory/ansible.h"
#include "cli/inventory/words.h"

namespace sallyport::cli::inventory {

using base::Result;
using base::Status;

namespace {

enum class Section { hosts, children, vars };

struct Place {
  std::string group = "ungrouped";
  Section section = Section::hosts;
};

Result<Place> read_section(std::string_view text) {
  const std::size_t close = text.find(']');
  const std::string_view rest = close == std::string_view::npos ? text : trimmed(text.substr(close + 1));
  if (close == std::string_view::npos || (!rest.empty() && rest.front() != '#' && rest.front() != ';')) {
    return base::fail(base::Errc::invalid, "a section is [group], [group:children] or [group:vars]");
  }
  const std::string_view inside = trimmed(text.substr(1, close - 1));
  const std::size_t colon = inside.find(':');
  const std::string_view what = colon == std::string_view::npos ? "hosts" : inside.substr(colon + 1);
  Place out{std::string(inside.substr(0, colon)), Section::hosts};
  if (what == "children") out.section = Section::children;
  if (what == "vars") out.section = Section::vars;
  const bool known = out.section != Section::hosts || what == "hosts";
  if (out.group.empty() || !known) {
    return base::fail(base::Errc::invalid, "a section is [group], [group:children] or [group:vars]");
  }
  return out;
}

Status read_host(const Place& place, std::string_view line, AnsibleInventory& out) {
  const auto words = words_of(line);
  if (!words) return base::fail(base::Errc::invalid, "a quote is not closed");
  if (words->empty()) return {};
  auto hosts = out.add_hosts(place.group, words->front());
  if (!hosts) return base::pass(hosts);
  for (std::size_t i = 1; i < words->size(); ++i) {
    const std::size_t equals = (*words)[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      return base::fail(base::Errc::invalid, "'" + printable((*words)[i]) + "' is not KEY=VALUE");
    }
    const std::string_view word = (*words)[i];
    for (const std::string& host : *hosts) out.set_host_var(host, word.substr(0, equals), word.substr(equals + 1));
  }
  return {};
}

Status read_var(const Place& place, std::string_view line, AnsibleInventory& out) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return base::fail(base::Errc::invalid, "a variable is KEY=VALUE");
  }
  std::string_view value = trimmed(line.substr(equals + 1));
  if (value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  out.set_group_var(place.group, trimmed(line.substr(0, equals)), value);
  return {};
}

Status read_line(Place& place, std::string_view line, AnsibleInventory& out) {
  // A host that begins with a range or with an IPv6 address looks like a section, but goes on after the bracket.
  if (line.front() == '[' && (place.section == Section::vars || read_section(line))) {
    auto next = read_section(line);
    if (!next) return base::pass(next);
    place = std::move(*next);
    return out.add_group(place.group);
  }
  switch (place.section) {
    case Section::hosts:
      return read_host(place, line, out);
    case Section::children: {
      const auto words = words_of(line);
      if (!words || words->size() != 1) return base::fail(base::Errc::invalid, "a child is a group's name");
      return out.add_child(place.group, words->front());
    }
    case Section::vars:
      return read_var(place, line, out);
  }
  return {};
}

}  // namespace

Status read_ansible_ini(std::string_view text, const std::string& name, AnsibleInventory& out) {
  auto lines = lines_of(text, name);
  if (!lines) return base::pass(lines);
  Place place;
  for (const Line& line : *lines) {
    if (line.text.front() == '#' || line.text.front() == ';') continue;
    if (auto read = read_line(place, line.text, out); !read) {
      return base::fail(read.error().code, name + ":" + std::to_string(line.number) + ": " + read.message());
    }
  }
  return {};
}

}  // namespace sallyport::cli::inventory
