// SPDX-License-Identifier: Apache-2.0
// The tree of verbs, over CLI11, which stays out of this header. Trusted side: what an administrator types.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/context.h"

namespace sallyport::cli {

/// What a verb does once its arguments are read: an exit status, or an error that main prints.
using Run = std::function<base::Result<int>(Context&)>;

enum class Presence { required, optional };

/// One node of the tree as completion and tests see it.
struct CommandInfo {
  std::string name;
  std::string description;
  std::vector<std::string> options;  ///< "--speed", "-n"
  std::vector<std::string> words;    ///< what the first positional can be, where that is known
  std::string ids;  ///< "session", "recording", "request" or "change": the first positional is the id of one
  std::vector<CommandInfo> children;
};

/// A group or a verb being declared; cheap to copy. Variables must outlive parse(): share them with the Run.
class Command {
 public:
  Command group(const std::string& name, const std::string& description);
  /// examples: whole command lines, shown by --help.
  Command verb(const std::string& name, const std::string& description, const std::vector<std::string>& examples);

  Command& positional(const std::string& name, std::string& out, const std::string& help,
                      Presence presence = Presence::required);
  /// One of the words.
  Command& positional(const std::string& name, std::string& out, const std::string& help,
                      const std::vector<std::string>& words, Presence presence = Presence::required);
  /// The id of a session, a recording, a request or a change: completion asks the gateway.
  Command& id(const std::string& kind, std::string& out, const std::string& help,
              Presence presence = Presence::required);
  /// The rest of the line.
  Command& positionals(const std::string& name, std::vector<std::string>& out, const std::string& help,
                       Presence presence = Presence::required);
  Command& option(const std::string& names, std::string& out, const std::string& help);
  Command& option(const std::string& names, double& out, const std::string& help, double least, double most);
  Command& option(const std::string& names, unsigned& out, const std::string& help);
  /// One of the words.
  Command& option(const std::string& names, std::string& out, const std::string& help,
                  const std::vector<std::string>& words);
  /// One that may be given several times, with one value each time.
  Command& options(const std::string& names, std::vector<std::string>& out, const std::string& help);
  Command& required_option(const std::string& names, std::string& out, const std::string& help);
  Command& flag(const std::string& names, bool& out, const std::string& help);
  /// For scripts of our own: neither help nor completion names it.
  Command& hide();
  void run(Run run);

 private:
  friend class CommandLine;
  struct Node;
  explicit Command(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  Command root();
  CommandInfo info() const;
  /// Parses and runs; prints help and usage errors itself. The exit status: 0 success, 1 failure, 2 usage.
  int run(int argc, const char* const* argv);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::cli
