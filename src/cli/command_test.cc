// SPDX-License-Identifier: Apache-2.0
// How command lines are read: options on either side of the verb, exit statuses, names that are also verbs.
#include "cli/command.h"

#include <gtest/gtest.h>

#include "cli/verbs.h"

namespace sallyport::cli {
namespace {

struct Seen {
  std::string name;
  std::string config;
  Format format = Format::table;
  int runs = 0;
};

int run(Seen& seen, std::vector<const char*> words) {
  CommandLine line;
  auto name = std::make_shared<std::string>();
  Command group = line.root().group("thing", "Things");
  Command verb = group.verb("show", "Show a thing", {"sallyport thing show a"});
  verb.positional("NAME", *name, "Which").run([&seen, name](Context& c) -> base::Result<int> {
    seen.name = *name;
    seen.config = c.config_path.value_or("");
    seen.format = c.format;
    ++seen.runs;
    if (*name == "bad") return base::fail(base::Errc::not_found, "there is none");
    return 0;
  });
  line.root().verb("status", "Show", {}).run([](Context&) { return 7; });
  words.insert(words.begin(), "sallyport");
  return line.run(static_cast<int>(words.size()), words.data());
}

TEST(CommandLine, TakesGlobalOptionsBeforeAndAfterTheVerb) {
  Seen before;
  EXPECT_EQ(run(before, {"--config", "/a.yaml", "-o", "json", "thing", "show", "x"}), 0);
  EXPECT_EQ(before.name, "x");
  EXPECT_EQ(before.config, "/a.yaml");
  EXPECT_EQ(before.format, Format::json);
  Seen after;
  EXPECT_EQ(run(after, {"thing", "show", "x", "--config", "/a.yaml", "-o", "json"}), 0);
  EXPECT_EQ(after.config, "/a.yaml");
  EXPECT_EQ(after.format, Format::json);
}

TEST(CommandLine, AResourceMayBeCalledLikeAVerb) {
  for (const char* name : {"status", "thing", "show"}) {
    Seen seen;
    EXPECT_EQ(run(seen, {"thing", "show", name}), 0);
    EXPECT_EQ(seen.name, name);
    EXPECT_EQ(seen.runs, 1);
  }
}

TEST(CommandLine, ExitStatusSaysUsageFailureOrSuccess) {
  Seen seen;
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(seen, {}), 2);
  EXPECT_EQ(run(seen, {"thing"}), 2);
  EXPECT_EQ(run(seen, {"thing", "show"}), 2);
  EXPECT_EQ(run(seen, {"nonsense"}), 2);
  EXPECT_EQ(run(seen, {"thing", "show", "x", "--nonsense"}), 2);
  EXPECT_EQ(run(seen, {"-o", "xml", "status"}), 2);
  EXPECT_EQ(seen.runs, 0);
  EXPECT_EQ(run(seen, {"thing", "show", "bad"}), 1);
  EXPECT_EQ(run(seen, {"status"}), 7);
  const std::string errors = testing::internal::GetCapturedStderr();
  EXPECT_NE(errors.find("sallyport: there is none\n"), std::string::npos) << errors;
}

std::string complaint(std::vector<const char*> words) {
  CommandLine line;
  add_all_verbs(line);
  words.insert(words.begin(), "sallyport");
  testing::internal::CaptureStderr();
  const int status = line.run(static_cast<int>(words.size()), words.data());
  return std::to_string(status) + " " + testing::internal::GetCapturedStderr();
}

TEST(CommandLine, NothingAskedForShowsTheChoices) {
  EXPECT_NE(complaint({}).find("2 Sallyport, a gateway"), std::string::npos) << complaint({});
  EXPECT_NE(complaint({}).find("\n  recording "), std::string::npos) << complaint({});
  EXPECT_EQ(complaint({}).find("complete-ids"), std::string::npos);
  EXPECT_NE(complaint({"recording"}).find("\n  verify "), std::string::npos) << complaint({"recording"});
}

TEST(CommandLine, AComplaintNamesTheWholePath) {
  EXPECT_EQ(complaint({"nonsense"}), "2 sallyport: there is no 'nonsense'\nTry: sallyport --help\n");
  EXPECT_EQ(complaint({"recording", "nonsense"}),
            "2 sallyport: there is no 'nonsense'\nTry: sallyport recording --help\n");
  EXPECT_EQ(complaint({"recording", "play"}), "2 sallyport: ID is required\nTry: sallyport recording play --help\n");
}

TEST(CommandLine, EveryVerbHasAnExample) {
  CommandLine line;
  add_all_verbs(line);
  testing::internal::CaptureStdout();
  const std::vector<const char*> help{"sallyport", "session", "watch", "--help"};
  EXPECT_EQ(line.run(4, help.data()), 0);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_NE(text.find("Examples:"), std::string::npos);
  const CommandInfo info = line.info();
  std::vector<std::string> names;
  for (const CommandInfo& child : info.children) names.push_back(child.name);
  for (const char* wanted : {"serve", "doctor", "apply", "get", "delete", "user", "account", "ca", "session",
                             "recording", "audit", "policy", "request", "status", "completion"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), wanted), names.end()) << wanted;
  }
}

}  // namespace
}  // namespace sallyport::cli
