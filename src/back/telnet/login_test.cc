// SPDX-License-Identifier: Apache-2.0
// Targets that ask, greet, refuse and never end.
#include "back/telnet/login.h"

#include <gtest/gtest.h>

namespace sallyport::back::telnet {
namespace {

using Due = Login::Due;

Prompts prompts() {
  return {"login:", "Password:", {"$", "#", ">"}, {"Login incorrect"}};
}

Due show(Login& login, std::string_view text) {
  auto due = login.shown(base::view(text));
  return due ? *due : Due::nothing;
}

TEST(TelnetLogin, NameThenPasswordThenShell) {
  Login login(prompts());
  EXPECT_EQ(show(login, "Debian GNU/Linux 12\r\nhost lo"), Due::nothing);
  EXPECT_EQ(show(login, "gin: "), Due::name);
  EXPECT_EQ(show(login, "deploy\r\nPassword: "), Due::password);
  EXPECT_EQ(show(login, "\r\nLast login: yesterday\r\n"), Due::nothing);
  EXPECT_EQ(show(login, "\x1b[01;32mdeploy@host\x1b[00m:~\x1b[0m$ "), Due::done);
  const std::string greeting = base::to_text(login.greeting());
  EXPECT_EQ(greeting, "\r\nLast login: yesterday\r\n\x1b[01;32mdeploy@host\x1b[00m:~\x1b[0m$ ");
}

TEST(TelnetLogin, AnEchoOfThePasswordIsNotKept) {
  Login login(prompts());
  EXPECT_EQ(show(login, "Password: "), Due::password);
  EXPECT_EQ(show(login, "sec"), Due::nothing);
  EXPECT_EQ(show(login, "ret"), Due::nothing);
  EXPECT_EQ(show(login, "\r\nrouter# "), Due::done);
  EXPECT_EQ(base::to_text(login.greeting()), "\r\nrouter# ");
}

TEST(TelnetLogin, ADeviceThatAsksForAPasswordAlone) {
  Login login(prompts());
  EXPECT_EQ(show(login, "\r\nUser Access Verification\r\n\r\npassword:"), Due::password);
  EXPECT_EQ(show(login, "\r\nrouter>"), Due::done);
}

TEST(TelnetLogin, ANoIsSeen) {
  const std::pair<const char*, Due> noes[] = {{"\r\n\r\nLogin incorrect\r\n", Due::refused},
                                              {"\r\nhost login: ", Due::asked_again},
                                              {"\r\nPassword: ", Due::asked_again}};
  for (const auto& [no, due] : noes) {
    Login login(prompts());
    EXPECT_EQ(show(login, "login: "), Due::name);
    EXPECT_EQ(show(login, "Password: "), Due::password);
    EXPECT_EQ(show(login, no), due) << no;
  }
}

TEST(TelnetLogin, AGreetingThatIsCutWhereAPromptWouldEndIsNoPrompt) {
  Login login(prompts());
  EXPECT_EQ(show(login, "Password: "), Due::password);
  EXPECT_EQ(show(login, "\r\nLast login:"), Due::asked_again);
  EXPECT_EQ(show(login, " yesterday\r\n"), Due::nothing);
  EXPECT_EQ(show(login, "host$ "), Due::done);
}

TEST(TelnetLogin, APromptOnThePasswordsLineIsAnEcho) {
  Login login(prompts());
  EXPECT_EQ(show(login, "Password: "), Due::password);
  EXPECT_EQ(show(login, "pa$$"), Due::nothing);
  EXPECT_EQ(show(login, "word#"), Due::nothing);
  EXPECT_EQ(show(login, "\r\n# "), Due::done);
  EXPECT_EQ(base::to_text(login.greeting()), "\r\n# ");
}

TEST(TelnetLogin, AWordInTheMiddleIsNoPrompt) {
  Login login(prompts());
  EXPECT_EQ(show(login, "login: is how it begins, password: is next\r\n"), Due::nothing);
}

TEST(TelnetLogin, APromptIsAskedForOnce) {
  Login login(prompts());
  EXPECT_EQ(show(login, "login: "), Due::name);
  EXPECT_EQ(show(login, ""), Due::nothing);
  EXPECT_EQ(show(login, "Password: "), Due::password);
  EXPECT_EQ(show(login, ""), Due::nothing);
}

TEST(TelnetLogin, EndlessTalkIsAnError) {
  Login login(prompts());
  EXPECT_TRUE(login.shown(base::Bytes(Login::kMaxShownBytes, 'x')));
  EXPECT_FALSE(login.shown(base::Bytes(1, 'x')));
}

}  // namespace
}  // namespace sallyport::back::telnet
