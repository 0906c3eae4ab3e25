// SPDX-License-Identifier: Apache-2.0
// The only file that knows CLI11.
#include "cli/command.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "base/escape.h"
#include "cli/output.h"

namespace sallyport::cli {

struct Command::Node {
  CLI::App* app = nullptr;
  std::vector<std::string> words;
  std::string ids;
  bool hidden = false;
  std::vector<std::shared_ptr<Node>> children;
  Run run;
};

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// Not CLI::IsMember: its message names a type, not what can be written.
CLI::Validator one_of(const std::vector<std::string>& words) {
  return CLI::Validator(
      [words](std::string& value) {
        for (const std::string& word : words) {
          if (word == value) return std::string();
        }
        return "must be one of " + joined(words);
      },
      "");
}

}  // namespace

Command Command::group(const std::string& name, const std::string& description) {
  auto child = std::make_shared<Node>();
  child->app = node_->app->add_subcommand(name, description);
  child->app->require_subcommand(1);
  node_->children.push_back(child);
  return Command(child);
}

Command Command::verb(const std::string& name, const std::string& description,
                      const std::vector<std::string>& examples) {
  auto child = std::make_shared<Node>();
  child->app = node_->app->add_subcommand(name, description);
  std::string footer = "Examples:";
  for (const std::string& example : examples) footer += "\n  " + example;
  if (!examples.empty()) child->app->footer(footer + "\n");
  node_->children.push_back(child);
  return Command(child);
}

Command& Command::positional(const std::string& name, std::string& out, const std::string& help, Presence presence) {
  node_->app->add_option(name, out, help)->required(presence == Presence::required)->type_name("");
  return *this;
}

Command& Command::positional(const std::string& name, std::string& out, const std::string& help,
                             const std::vector<std::string>& words, Presence presence) {
  node_->app->add_option(name, out, help + " (" + joined(words) + ")")
      ->required(presence == Presence::required)
      ->type_name("")
      ->check(one_of(words));
  node_->words = words;
  return *this;
}

Command& Command::id(const std::string& kind, std::string& out, const std::string& help, Presence presence) {
  node_->ids = kind;
  return positional("ID", out, help, presence);
}

Command& Command::positionals(const std::string& name, std::vector<std::string>& out, const std::string& help,
                              Presence presence) {
  node_->app->add_option(name, out, help)->required(presence == Presence::required)->type_name("");
  return *this;
}

Command& Command::option(const std::string& names, std::string& out, const std::string& help) {
  node_->app->add_option(names, out, help)->type_name("VALUE");
  return *this;
}

Command& Command::option(const std::string& names, double& out, const std::string& help, double least, double most) {
  node_->app->add_option(names, out, help)->check(CLI::Range(least, most).description(""))->type_name("NUMBER");
  return *this;
}

Command& Command::option(const std::string& names, unsigned& out, const std::string& help) {
  node_->app->add_option(names, out, help)->type_name("NUMBER");
  return *this;
}

Command& Command::option(const std::string& names, std::string& out, const std::string& help,
                         const std::vector<std::string>& words) {
  node_->app->add_option(names, out, help + " (" + joined(words) + ")")->check(one_of(words))->type_name("WORD");
  return *this;
}

Command& Command::options(const std::string& names, std::vector<std::string>& out, const std::string& help) {
  node_->app->add_option(names, out, help)->type_name("VALUE")->allow_extra_args(false);
  return *this;
}

Command& Command::required_option(const std::string& names, std::string& out, const std::string& help) {
  node_->app->add_option(names, out, help)->required()->type_name("VALUE");
  return *this;
}

Command& Command::flag(const std::string& names, bool& out, const std::string& help) {
  node_->app->add_flag(names, out, help);
  return *this;
}

Command& Command::hide() {
  node_->hidden = true;
  node_->app->group("");
  return *this;
}

void Command::run(Run run) {
  node_->run = std::move(run);
}

struct CommandLine::State {
  CLI::App app{
      "Sallyport, a gateway for privileged sessions: it records them, and lets administrators watch and end them.",
      "sallyport"};
  std::shared_ptr<Command::Node> root = std::make_shared<Command::Node>();
  Context context;
  std::string config_path;
  std::string format = "table";

  static CommandInfo info_of(const Command::Node& node) {
    CommandInfo out;
    out.name = node.app->get_name();
    out.description = node.app->get_description();
    out.words = node.words;
    out.ids = node.ids;
    for (const CLI::Option* option : node.app->get_options()) {
      for (const std::string& name : option->get_lnames()) out.options.push_back("--" + name);
      for (const std::string& name : option->get_snames()) out.options.push_back("-" + name);
    }
    for (const auto& child : node.children) {
      if (!child->hidden) out.children.push_back(info_of(*child));
    }
    return out;
  }

  static const Command::Node* chosen(const Command::Node& node) {
    for (const auto& child : node.children) {
      if (child->app->parsed()) return chosen(*child);
    }
    return &node;
  }

  // "sallyport recording play"
  static std::string path_of(const Command::Node& node) {
    std::string out = node.app->get_name();
    for (const CLI::App* app = node.app->get_parent(); app != nullptr; app = app->get_parent()) {
      out.insert(0, app->get_name() + " ");
    }
    return out;
  }

  // A command line that makes no sense: 2.
  int explain(const CLI::ParseError& error) const {
    const Command::Node& node = *chosen(*root);
    const std::vector<std::string> rest = app.remaining(true);
    const bool no_verb = !node.children.empty() && error.get_name() == "RequiredError";
    if (no_verb && rest.empty()) {
      std::cerr << app.help();  // nothing was asked for yet: these are the choices
      return 2;
    }
    const std::string what = no_verb ? "there is no '" + rest.front() + "'" : error.what();
    std::cerr << "sallyport: " << base::escape_for_terminal(what) << "\nTry: " << path_of(node) << " --help\n";
    return 2;
  }
};

CommandLine::CommandLine() : state_(std::make_unique<State>()) {
  CLI::App& app = state_->app;
  state_->root->app = &app;
  app.fallthrough();  // global options go before or after the verb
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "Show help for the gateway, a group or a verb");
  app.set_version_flag("--version", SALLYPORT_VERSION);
  app.get_formatter()->column_width(34);
  app.add_option("--config", state_->config_path,
                 std::string("The configuration file (default ") + config::kDefaultConfigPath + ")")
      ->type_name("FILE");
  app.add_option("-o,--output", state_->format, "How to print: table or json")
      ->check(one_of({"table", "json"}))
      ->type_name("WORD");
  app.footer("Help for a verb: sallyport VERB --help");
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() {
  return Command(state_->root);
}

CommandInfo CommandLine::info() const {
  return State::info_of(*state_->root);
}

int CommandLine::run(int argc, const char* const* argv) {
  State& s = *state_;
  try {
    s.app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return s.app.exit(e, std::cout, std::cerr);
  } catch (const CLI::ParseError& e) {
    return s.explain(e);
  }
  if (!s.config_path.empty()) s.context.config_path = s.config_path;
  s.context.format = s.format == "json" ? Format::json : Format::table;
  s.context.colour = colour_of_stdout();
  const Command::Node* node = State::chosen(*s.root);
  auto status = node->run(s.context);
  if (status) return *status;
  std::cout.flush();
  std::cerr << "sallyport: " << base::escape_for_terminal(status.message(), 16384) << "\n";
  return 1;
}

}  // namespace sallyport::cli
