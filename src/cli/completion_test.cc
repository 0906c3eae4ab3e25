// SPDX-License-Identifier: Apache-2.0
// The bash script is run by a real bash; the others are looked at.
#include "cli/completion.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "cli/verbs.h"

namespace sallyport::cli {
namespace {

CommandInfo tree() {
  CommandLine line;
  add_all_verbs(line);
  return line.info();
}

std::string run(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  const int status = ::pclose(pipe);
  return status == 0 ? out : "exit " + std::to_string(status) + ": " + out;
}

TEST(Completion, BashCompletesVerbsWordsAndOptions) {
  const std::string path = ::testing::TempDir() + "sallyport-completion-" + std::to_string(::getpid());
  std::ofstream(path) << bash_completion(tree()) << R"(
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _sallyport; echo "${COMPREPLY[@]}"; }
try sallyport ses
try sallyport session pa
try sallyport --config x session pa
try sallyport get target
try sallyport recording play --sp
try sallyport ca show ''
sallyport() { echo "$@" >&2; [ "${@: -2:1}" = complete-ids ] && echo 01hzy 01hzz 02; }
try sallyport session watch 01
try sallyport --config /x.yaml recording play 02
)";
  const std::string out = run("bash " + path + " 2>&1");
  ::unlink(path.c_str());
  EXPECT_EQ(out, "session\npause\npause\ntarget targets\n--speed\nuser host tls\n01hzy 01hzz\n02\n");
}

TEST(Completion, ZshAndFishNameEveryVerb) {
  const CommandInfo info = tree();
  EXPECT_EQ(bash_completion(info).find("'complete-ids'"), std::string::npos) << "scripts call it, people do not";
  const std::string zsh = zsh_completion(info);
  const std::string fish = fish_completion(info);
  EXPECT_EQ(zsh.rfind("#compdef sallyport\n", 0), 0U);
  for (const CommandInfo& command : info.children) {
    EXPECT_NE(zsh.find("'" + command.name + ":"), std::string::npos) << command.name;
    EXPECT_NE(fish.find(" -a " + command.name + " "), std::string::npos) << command.name;
  }
}

}  // namespace
}  // namespace sallyport::cli
