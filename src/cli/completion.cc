// SPDX-License-Identifier: Apache-2.0
// Three scripts from one tree, and the verb that prints them.
#include "cli/completion.h"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/id.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

constexpr int kKeyPressMs = 2000;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// For single quotes of a POSIX shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// fish has its own escapes inside single quotes.
std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::vector<std::string> names_of(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> out;
  for (const CommandInfo& command : commands) out.push_back(command.name);
  return out;
}

// One case of the bash script: what can follow this path of verbs.
void bash_cases(const CommandInfo& command, const std::string& path, const std::vector<std::string>& global,
                std::string& out) {
  std::vector<std::string> words = names_of(command.children);
  words.insert(words.end(), command.words.begin(), command.words.end());
  std::vector<std::string> options = command.options;
  if (!path.empty()) options.insert(options.end(), global.begin(), global.end());
  out += "    " + quoted(path) + ") words=" + quoted(joined(words)) + "; options=" + quoted(joined(options));
  if (!command.ids.empty()) out += "; ids=" + command.ids;
  out += " ;;\n";
  for (const CommandInfo& child : command.children) {
    bash_cases(child, path.empty() ? child.name : path + " " + child.name, global, out);
  }
}

void zsh_cases(const CommandInfo& command, const std::string& path, std::string& out) {
  out += "    " + quoted(path) + ")\n";
  if (!command.children.empty()) {
    out += "      entries=(";
    for (const CommandInfo& child : command.children) {
      std::string description = child.description;
      out += "\n        " + quoted(child.name + ":" + description);
    }
    out += ")\n      _describe -t verbs verb entries\n";
  }
  if (!command.words.empty()) out += "      compadd -- " + joined(command.words) + "\n";
  if (!command.options.empty()) out += "      [[ $PREFIX == -* ]] && compadd -- " + joined(command.options) + "\n";
  if (!command.ids.empty()) {
    out += "      [[ $PREFIX == -* ]] || compadd -- ${(f)\"$(sallyport $config complete-ids " + command.ids +
           " 2>/dev/null)\"}\n";
  } else if (command.children.empty() && command.words.empty()) {
    out += "      [[ $PREFIX == -* ]] || _files\n";
  }
  out += "      ;;\n";
  for (const CommandInfo& child : command.children) {
    zsh_cases(child, path.empty() ? child.name : path + " " + child.name, out);
  }
}

void fish_lines(const CommandInfo& command, const std::string& path, std::string& out) {
  const std::string when = "-n " + fish_quoted("__sallyport_at " + fish_quoted(path));
  for (const CommandInfo& child : command.children) {
    out += "complete -c sallyport -f " + when + " -a " + child.name + " -d " + fish_quoted(child.description) + "\n";
  }
  for (const std::string& word : command.words) out += "complete -c sallyport -f " + when + " -a " + word + "\n";
  if (!command.ids.empty()) {
    out += "complete -c sallyport -f " + when + " -a '(__sallyport_ids " + command.ids + ")'\n";
  }
  for (const std::string& option : command.options) {
    out += "complete -c sallyport " + when +
           (option.rfind("--", 0) == 0 ? " -l " + option.substr(2) : " -s " + option.substr(1)) + "\n";
  }
  for (const CommandInfo& child : command.children) {
    fish_lines(child, path.empty() ? child.name : path + " " + child.name, out);
  }
}

// The names of all verbs and groups, so that the scripts can tell a path from its arguments.
void collect_paths(const CommandInfo& command, const std::string& path, std::vector<std::string>& out) {
  for (const CommandInfo& child : command.children) {
    const std::string here = path.empty() ? child.name : path + " " + child.name;
    out.push_back(here);
    collect_paths(child, here, out);
  }
}

// A case pattern that matches every path of verbs.
std::string path_pattern(const CommandInfo& root) {
  std::vector<std::string> paths;
  collect_paths(root, "", paths);
  std::string out;
  for (const std::string& path : paths) out += (out.empty() ? "" : "|") + quoted(path);
  return out;
}

// Ids, one a line; nothing where the gateway cannot be asked. A key was pressed: there is no long wait.
base::Result<int> print_ids(Context& context, const std::string& kind) {
  auto client = context.connect();
  if (!client) return 1;
  ipc::AdminRequest request;
  if (kind == "session") (void)request.mutable_session_list();
  if (kind == "recording") (void)request.mutable_recording_list();
  if (kind == "request") (void)request.mutable_request_list();
  if (kind == "change") (void)request.mutable_change_list();
  if (kind == "invitation") (void)request.mutable_invite_list();
  if (!client->send(request)) return 1;
  for (;;) {
    auto reply = client->receive(kKeyPressMs);
    if (!reply || reply->kind_case() != ipc::AdminReply::kItem) return 0;
    const auto row = parse_object(reply->item().json());
    const std::string id = row ? row->value("id", std::string{}) : std::string{};
    if (base::is_id(id)) std::cout << id << "\n";
  }
}

}  // namespace

std::string bash_completion(const CommandInfo& root) {
  std::string out = R"(# bash completion of sallyport; put it into /etc/bash_completion.d or source it
_sallyport() {
  local current="${COMP_WORDS[COMP_CWORD]}" path="" word candidate words="" options="" ids="" i
  local -a config=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    # The shell splits --config=FILE in three.
    [[ "$word" == --config ]] && config=(--config "${COMP_WORDS[i + 1]/#=/${COMP_WORDS[i + 2]}}")
    candidate="${path:+$path }$word"
    case "$candidate" in
      )";
  out += path_pattern(root);
  out += R"() path="$candidate" ;;
    esac
  done
  case "$path" in
)";
  bash_cases(root, "", root.options, out);
  out += R"sh(  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n "$ids" ]]; then
    COMPREPLY=($(compgen -W "$(sallyport "${config[@]}" complete-ids "$ids" 2>/dev/null)" -- "$current"))
  elif [[ -n "$words" ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _sallyport sallyport
)sh";
  return out;
}

std::string zsh_completion(const CommandInfo& root) {
  std::string out = R"(#compdef sallyport
# zsh completion of sallyport; put it as _sallyport into a directory of $fpath
_sallyport() {
  local path_="" word candidate i
  local -a entries config
  for ((i = 2; i < CURRENT; i++)); do
    word="${words[i]}"
    [[ "$word" == --config ]] && config=(--config "${words[i + 1]}")
    candidate="${path_:+$path_ }$word"
    case "$candidate" in
      )";
  out += path_pattern(root);
  out += R"() path_="$candidate" ;;
    esac
  done
  case "$path_" in
)";
  zsh_cases(root, "", out);
  out += R"(  esac
}
_sallyport "$@"
)";
  return out;
}

std::string fish_completion(const CommandInfo& root) {
  std::string out = R"(# fish completion of sallyport; put it into ~/.config/fish/completions/sallyport.fish
function __sallyport_at
  set -l path
  for word in (commandline -opc)[2..-1]
    set -l candidate (string join ' ' $path $word)
    switch $candidate
      case )";
  std::vector<std::string> paths;
  collect_paths(root, "", paths);
  for (const std::string& path : paths) out += (path == paths.front() ? "" : " ") + fish_quoted(path);
  out += R"(
        set path $candidate
    end
  end
  test "$path" = "$argv[1]"
end
function __sallyport_ids
  set -l words (commandline -opc)
  set -l config
  if set -l i (contains -i -- --config $words)
    set config --config $words[(math $i + 1)]
  end
  sallyport $config complete-ids $argv[1] 2>/dev/null
end
)";
  fish_lines(root, "", out);
  return out;
}

void add_completion_verb(Command root, const CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  Command verb = root.verb("completion", "Print a completion script for a shell",
                           {"sallyport completion bash > /etc/bash_completion.d/sallyport",
                            "sallyport completion zsh > /usr/local/share/zsh/site-functions/_sallyport",
                            "sallyport completion fish > ~/.config/fish/completions/sallyport.fish"});
  verb.positional("SHELL", *shell, "Which shell", {"bash", "zsh", "fish"}).run([shell, &line](Context&) {
    const CommandInfo info = line.info();
    std::cout << (*shell == "bash"  ? bash_completion(info)
                  : *shell == "zsh" ? zsh_completion(info)
                                    : fish_completion(info));
    return 0;
  });
  auto kind = std::make_shared<std::string>();
  verb = root.verb("complete-ids", "Print the ids that completion offers", {}).hide();
  verb.positional("KIND", *kind, "Which ids", {"session", "recording", "request", "change", "invitation"})
      .run([kind](Context& context) { return print_ids(context, *kind); });
}

}  // namespace sallyport::cli
