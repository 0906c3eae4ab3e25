// SPDX-License-Identifier: Apache-2.0
// The life of a connection: its deadline, its one session, and what happens when its front goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "broker/ssh/connection_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConnectionTest : public ConnectionFixture {
 protected:
  static ipc::FrontToBroker choice_of(std::uint32_t index) {
    ipc::FrontToBroker out;
    out.mutable_menu_choice()->set_index(index);
    return out;
  }
  static ipc::BrokerToFront next_of(const Client& client) { return client.front->hear_control<ipc::BrokerToFront>(); }
  ipc::ServiceReply ask_service(const Client& client, const std::string& command) {
    ipc::FrontToBroker message;
    message.mutable_service_command()->set_number(3);
    message.mutable_service_command()->set_command(command);
    client.front->say(message);
    return next_of(client).service_reply();
  }
};

TEST_F(ConnectionTest, AClientThatSaysNothingCostsNoFront) {
  Client client = arrive();
  EXPECT_EQ(read_line(client.socket), config_.ssh.identification + "\r\n");
  expect_there(client);
  EXPECT_TRUE(spawns_.empty());
  client.socket = base::Fd();
  expect_over(client);
  EXPECT_TRUE(spawns_.empty());
  EXPECT_TRUE(a_stranger_fits(0));
}

TEST_F(ConnectionTest, TheDeadlineIsAbsolute) {
  config_.limits.preauth_seconds = 1;
  const Client silent = arrive();
  Client client = arrive();
  speak(client);
  exchange_keys(client);
  ipc::FrontToBroker query;
  *query.mutable_auth_request() = query_of("alice", key_.public_key());
  client.front->say(query);  // progress does not move it
  EXPECT_TRUE(next_of(client).auth_reply().has_key_acceptable());
  expect_over(silent);
  expect_over(client);
  EXPECT_THAT(audited("connection.dropped"),
              ElementsAre(HasSubstr("not authenticated in time"), HasSubstr("not authenticated in time")));
}

TEST_F(ConnectionTest, ALoginEndsTheDeadline) {
  config_.limits.preauth_seconds = 1;
  const Client silent = arrive();
  const Client client = enter("alice@deploy@web1");
  const Client later = arrive();
  expect_over(silent);
  expect_over(later);
  expect_there(client);
}

TEST_F(ConnectionTest, AFrontThatCannotBeHadEndsIt) {
  Client client = arrive();
  EXPECT_EQ(::write(client.socket.get(), "S", 1), 1);
  ASSERT_EQ(spawns_.next(), "spawn");
  spawn(base::fail(base::Errc::busy, "no zygote"));
  expect_over(client);
  EXPECT_TRUE(a_stranger_fits(0));
}

TEST_F(ConnectionTest, AFrontThatGoesBeforeASessionEndsIt) {
  Client client = arrive();
  speak(client);
  client.front->leave();
  expect_over(client);
  client = arrive();
  speak(client);
  exchange_keys(client);
  client.front->leave();
  expect_over(client);
  client = enter("alice");
  EXPECT_TRUE(next_of(client).has_menu());
  client.front->leave();
  expect_over(client);
  EXPECT_THAT(audited("worker.fault"), IsEmpty());
  EXPECT_TRUE(a_stranger_fits(0));
  EXPECT_TRUE(session_.empty());
}

TEST_F(ConnectionTest, AFrontThatGoesWhileAPasswordIsJudgedHearsNothingMore) {
  Client client = arrive();
  speak(client);
  exchange_keys(client);
  ipc::FrontToBroker guess;
  *guess.mutable_auth_request() = password_of("alice@deploy@web1", "correct horse");
  client.front->say(guess);
  client.front->leave();
  expect_over(client);
  ASSERT_EQ(judge_->asked.size(), 1U);
  judge_->asked[0]({PasswordCheck::Verdict::right, *policy_.current()->incarnation_of("alice")});
  on_loop([] {});
  EXPECT_TRUE(session_.empty());
  EXPECT_THAT(audited("auth.success"), IsEmpty());
}

TEST_F(ConnectionTest, AFaultOfAFrontIsAudited) {
  Client client = arrive();
  speak(client);
  client.front->crash(SIGSYS);
  expect_over(client);
  EXPECT_THAT(audited("worker.fault"), ElementsAre(HasSubstr("a refused system call")));
}

TEST_F(ConnectionTest, ANameWithATargetOpensItsSession) {
  const Client client = enter("alice@deploy@web1");
  EXPECT_EQ(session_.next(), "direct alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
  client.front->say_event("a key");
  EXPECT_EQ(session_.next(), "event a key");
  ipc::FrontToBroker message;
  message.mutable_credit()->set_bytes(9);
  client.front->say(message);
  EXPECT_EQ(session_.next(), "credit 9");
  message.mutable_reauthenticate()->set_password("correct horse");
  client.front->say(message);
  EXPECT_EQ(session_.next(), "again correct horse");
  EXPECT_TRUE(a_stranger_fits(0)) << "it is no stranger's any more";
}

TEST_F(ConnectionTest, ASessionHearsThatItsFrontIsGone) {
  const Client client = enter("alice@deploy@web1");
  EXPECT_EQ(session_.next(), "direct alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
  expect_there(client);
  client.front->crash(SIGXCPU);  // one that no sanitizer catches
  EXPECT_EQ(session_.next(), "gone [] [killed by signal 24]");
  expect_over(client);
  EXPECT_THAT(audited("worker.fault"), IsEmpty()) << "the session says it";
}

TEST_F(ConnectionTest, TheMenuLeadsToOneSession) {
  const Client client = enter("alice");
  const auto menu = next_of(client).menu();
  ASSERT_EQ(menu.choices_size(), 1);
  EXPECT_EQ(menu.choices(0).target(), "web1");
  EXPECT_TRUE(session_.empty());
  client.front->say(choice_of(0));
  EXPECT_EQ(session_.next(), "menu alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
  client.front->say(choice_of(0));
  EXPECT_EQ(session_.next(), "gone [] [message repeated: menu_choice]");
}

TEST_F(ConnectionTest, OnlyWhatWasOfferedCanBeChosen) {
  const Client client = enter("alice");
  EXPECT_TRUE(next_of(client).has_menu());
  client.front->say(choice_of(1));
  expect_over(client);
  const Client direct = enter("alice@deploy@web1");
  EXPECT_EQ(session_.next(), "direct alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
  direct.front->say(choice_of(0));
  EXPECT_EQ(session_.next(), "gone [] [a choice that was not offered]");
  EXPECT_THAT(audited("worker.fault"), ElementsAre(HasSubstr("a choice that was not offered")));
}

TEST_F(ConnectionTest, BeforeATargetIsChosenThereAreNoEvents) {
  const Client client = enter("alice");
  EXPECT_TRUE(next_of(client).has_menu());
  client.front->say_event("early");
  expect_over(client);
  EXPECT_THAT(audited("worker.fault"), ElementsAre(HasSubstr("event before a target was chosen")));
}

TEST_F(ConnectionTest, AConnectionWithASessionHasNoOther) {
  const Client client = enter("alice@deploy@web1");
  EXPECT_EQ(session_.next(), "direct alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
  ipc::FrontToBroker message;
  message.mutable_jump_open()->set_host("web1");
  client.front->say(message);
  const auto reply = next_of(client).jump_reply();
  EXPECT_FALSE(reply.ok());
  EXPECT_THAT(reply.reason(), HasSubstr("has a target already"));
  EXPECT_EQ(ask_service(client, "resume 01abc").exit_status(), 1U);
  EXPECT_TRUE(session_.empty());
}

TEST_F(ConnectionTest, OnlySessionsOfTheUserAreResumed) {
  const Client client = enter("alice");
  EXPECT_TRUE(next_of(client).has_menu());
  SessionInfo info;
  info.id = "01abc";
  info.user = "bob";
  ASSERT_TRUE(sessions_.add(std::make_shared<SessionHandle>(info)));
  const auto reply = ask_service(client, "resume 01abc");
  EXPECT_EQ(reply.number(), 3U);
  EXPECT_THAT(reply.text(), HasSubstr("you have no such session"));
  EXPECT_EQ(ask_service(client, "resume 01none").text(), reply.text()) << "whether it is there is not said";
  EXPECT_EQ(ask_service(client, "reboot").exit_status(), 1U);
}

TEST_F(ConnectionTest, AUserHasNoMoreConnectionsThanAllowed) {
  const Client one = enter("alice@deploy@web1"), two = enter("alice@deploy@web1");
  const Client three = enter("alice@deploy@web1");
  EXPECT_THAT(next_of(three).refused().text(), HasSubstr("as many as one user may have"));
  EXPECT_THAT(audited("connection.refused"), ElementsAre(HasSubstr("too many connections of this user")));
  EXPECT_FALSE(a_stranger_fits(0)) << "it counts among the strangers";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(session_.next(), "direct alice deploy@web1");
    EXPECT_EQ(session_.next(), "open");
  }
  EXPECT_TRUE(session_.empty());
}

TEST_F(ConnectionTest, AServiceAccountNamesItsTarget) {
  policy::User user;
  user.name = "alice";
  user.public_keys = {key_.public_key().line("")};
  user.type = policy::UserType::service;
  user.sources = {"192.0.2.0/24"};
  put(user);
  {
    const Client named = enter("alice@deploy@web1");
    EXPECT_EQ(session_.next(), "direct alice deploy@web1");
    EXPECT_EQ(session_.next(), "open");
  }
  const Client client = enter("alice");
  EXPECT_THAT(next_of(client).refused().text(), HasSubstr("a service account, which has no menu"));
  EXPECT_THAT(ask_service(client, "requests").text(), HasSubstr("a service account, which has no menu"));
  EXPECT_THAT(audited("connection.refused"), ElementsAre(HasSubstr("names no target")));
}

TEST_F(ConnectionTest, AChoiceThatTakesTooLongEndsIt) {
  config_.limits.choice_seconds = 0;
  const Client client = enter("alice");
  EXPECT_TRUE(next_of(client).has_menu());
  EXPECT_THAT(next_of(client).terminate().text(), HasSubstr("too long ago"));
  expect_over(client);
  EXPECT_THAT(audited("connection.dropped"), ElementsAre(HasSubstr("too long ago")));
}

TEST_F(ConnectionTest, AUserWhoIsChangedAtTheMenuIsDismissed) {
  const Client client = enter("alice");
  EXPECT_TRUE(next_of(client).has_menu());
  logins_.all_look_again();
  expect_there(client);
  put_user("alice", {key_.public_key().line("")}, true);
  logins_.all_look_again();
  EXPECT_THAT(next_of(client).terminate().text(), HasSubstr("may not log in any more"));
  expect_over(client);
}

}  // namespace
}  // namespace sallyport::broker
