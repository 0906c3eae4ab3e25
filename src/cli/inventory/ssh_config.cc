// SPDX-License-Identifier: Apache-2.0
// Host blocks of an ssh_config(5). What needs a connection, a command or another file to be known is noted.
#include <algorithm>

#include "cli/inventory/inventory.h"
#include "cli/inventory/words.h"

namespace sallyport::cli::inventory {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxPatterns = 20'000;     // of the whole file
constexpr std::size_t kMaxMatches = 50'000'000;  // hosts × patterns

struct Block {
  std::vector<std::string> patterns;
  std::map<std::string, std::string> options;  // by lower-case keyword: the first of each holds
};

struct File {
  std::vector<Block> blocks;
  std::vector<std::string> aliases;  // names without wildcards, in order, each once
  std::size_t patterns = 0;
};

bool is_of_use(const std::string& keyword) {
  return keyword == "hostname" || keyword == "port" || keyword == "user" || keyword == "proxyjump" ||
         keyword == "proxycommand";
}

bool has_wildcard(const std::string& pattern) {
  return pattern.find_first_of("*?!") != std::string::npos;
}

// "Keyword value" or "Keyword=value".
std::optional<std::vector<std::string>> split(std::string_view line) {
  const std::size_t end = line.find_first_of(" \t=");
  const std::string_view keyword = line.substr(0, end);
  std::string_view rest = end == std::string_view::npos ? std::string_view() : trimmed(line.substr(end));
  if (rest.starts_with('=')) rest = trimmed(rest.substr(1));
  auto words = words_of(rest);
  if (words) words->insert(words->begin(), lower_case(keyword));
  return words;
}

base::Status begin_block(File& file, std::vector<std::string> patterns, std::set<std::string>& seen) {
  file.patterns += patterns.size();
  if (file.patterns > kMaxPatterns) return fail(Errc::full, "too many host patterns: import them in parts");
  for (const std::string& pattern : patterns) {
    if (!has_wildcard(pattern) && seen.insert(pattern).second) file.aliases.push_back(pattern);
  }
  file.blocks.push_back({std::move(patterns), {}});
  return {};
}

Result<File> parse(std::string_view text, const std::string& name, Inventory& out) {
  auto lines = lines_of(text, name);
  if (!lines) return base::pass(lines);
  File file;
  std::set<std::string> seen;
  bool skipping = false;  // inside a Match
  if (auto begun = begin_block(file, {"*"}, seen); !begun) return base::pass(begun);
  for (const Line& line : *lines) {
    if (line.text.front() == '#') continue;
    auto words = split(line.text);
    if (!words) return wrong_line(name, line.number, "a quote is not closed");
    if (words->size() < 2) return wrong_line(name, line.number, "'" + printable(words->front()) + "' has no value");
    const std::string keyword = words->front();
    if (keyword == "host") {
      words->erase(words->begin());
      skipping = false;
      if (auto begun = begin_block(file, std::move(*words), seen); !begun) return base::pass(begun);
    } else if (keyword == "match") {
      skipping = true;
      out.note("line " + std::to_string(line.number) + ": a Match block is not evaluated");
    } else if (keyword == "include") {
      out.note("line " + std::to_string(line.number) + ": Include is not followed; import that file too");
    } else if (!skipping && is_of_use(keyword)) {
      file.blocks.back().options.emplace(keyword, (*words)[1]);
    }
  }
  return file;
}

bool applies(const Block& block, const std::string& alias) {
  bool matched = false;
  for (const std::string& pattern : block.patterns) {
    const bool negated = pattern.starts_with('!');
    if (!glob_matches(std::string_view(pattern).substr(negated ? 1 : 0), alias)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

// ssh_config(5): "for each parameter, the first obtained value will be used".
std::map<std::string, std::string> options_of(const File& file, const std::string& alias) {
  std::map<std::string, std::string> out;
  for (const Block& block : file.blocks) {
    if (applies(block, alias)) out.insert(block.options.begin(), block.options.end());
  }
  return out;
}

// %h and %% of HostName, which are all that it may hold. Empty when there is another.
std::string expanded(const std::string& value, const std::string& alias) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      out += value[i];
    } else if (++i < value.size() && value[i] == 'h') {
      out += alias;
    } else if (i < value.size() && value[i] == '%') {
      out += '%';
    } else {
      return {};
    }
  }
  return out;
}

}  // namespace

Result<Inventory> read_ssh_config(std::string_view text, const std::string& name) {
  Inventory out;
  auto file = parse(text, name, out);
  if (!file) return base::pass(file);
  if (file->aliases.size() * file->patterns > kMaxMatches) {
    return fail(Errc::full, name + ": too many hosts and patterns: import them in parts");
  }
  for (const std::string& alias : file->aliases) {
    const auto options = options_of(*file, alias);
    const auto value = [&options](const char* keyword) {
      const auto found = options.find(keyword);
      return found == options.end() ? std::string() : found->second;
    };
    RawHost host;
    host.name = alias;
    host.address = expanded(value("hostname"), alias);
    host.port = value("port");
    host.user = value("user");
    if (host.address.empty() && !value("hostname").empty()) {
      out.note("host '" + printable(alias) + "' is left out: its HostName is not plain");
      continue;
    }
    if (host.user.find('%') != std::string::npos || host.user.find('$') != std::string::npos) host.user.clear();
    for (const char* way : {"proxyjump", "proxycommand"}) {
      if (value(way).empty() || lower_case(value(way)) == "none") continue;
      out.note("host '" + printable(alias) +
               "': " + (way == std::string_view("proxyjump") ? "ProxyJump" : "ProxyCommand") + " '" +
               printable(value(way)) + "' is not carried over: the gateway itself must reach the target");
    }
    if (auto added = out.add(host); !added) return base::pass(added);
  }
  return out;
}

}  // namespace sallyport::cli::inventory
