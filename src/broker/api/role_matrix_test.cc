// SPDX-License-Identifier: Apache-2.0
// Every operation, by every role, on what is one's own and on what is another's: only what the table says happens.
#include <gtest/gtest.h>

#include <map>

#include "broker/api/fake_sink_test.h"
#include "broker/api/operations.h"

namespace sallyport::broker::api {
namespace {

using policy::Role;

enum class Whose { own, foreign };

/// carol asks. Of the operations on one's own things, how to ask for one that is hers, and for one that is not.
class RoleMatrix : public ApiTest {
 protected:
  using Ask = std::function<Request(Whose)>;

  void SetUp() override {
    ApiTest::SetUp();
    const auto applied = apply(
        {R"({"kind":"user","name":"carol"})", R"({"kind":"user","name":"dan"})", R"({"kind":"user","name":"erin"})",
         R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22"})",
         R"({"kind":"target","name":"db1","protocol":"ssh","address":"192.0.2.2:22"})",
         R"({"kind":"account","name":"root","targets":["*"],"login":"certificate"})", policy_for("web1", "carol"),
         policy_for("db1", "erin"),
         R"({"kind":"policy","name":"vendors","sponsors":{"users":["carol","dan"]},"accounts":["root"],
                                    "allow":["shell"],"targets":["web1"]})"});
    ASSERT_EQ(applied.failure, "") << applied.message;
    add_session("s-carol", "carol");
    add_session("s-dan", "dan");
    add_session("s-erin", "erin")->demand_supervisors({{{"carol"}, {}, 900}}, policy.current()->resources);
  }
  static std::string policy_for(const std::string& target, const std::string& approver) {
    return R"({"kind":"policy","name":")" + target +
           R"(","subjects":{"users":["carol","dan"]},"accounts":["root"],"allow":["shell"],"targets":[")" + target +
           R"("],"require":{"approval":{"approvers":{"users":[")" + approver +
           R"("]},"count":1,"valid":"1h","break_glass":true}}})";
  }
  static Caller carol(Role role) { return {"local:carol", Roles{role}, 0, {Way::admin_socket, "a test"}, "carol"}; }

  /// A request for access, of a user for a target; its id.
  std::string wish(const std::string& user, const std::string& target, bool emergency = false) {
    ipc::RequestCreate asked;
    asked.set_user(user);
    asked.set_account("root");
    asked.add_targets(target);
    asked.set_reason("a test");
    asked.set_break_glass(emergency);
    const auto made = ask(asked);
    EXPECT_EQ(made.failure, "") << made.message;
    const std::string json = made.items.at(0).json, key = R"("id":")";
    return json.substr(json.find(key) + key.size(), 26);
  }
  /// An invitation to create, by carol or by dan.
  ipc::InviteCreate invitation(Whose whose) {
    ipc::InviteCreate out;
    out.set_user("guest-" + std::to_string(++guests_));
    out.set_sponsor(whose == Whose::own ? "carol" : "dan");
    out.set_account("root");
    out.add_targets("web1");
    out.set_for_seconds(3600);
    return out;
  }
  /// The outsider's name of one that is open.
  std::string invited(Whose whose) {
    const auto asked = invitation(whose);
    const auto made = ask(asked);
    EXPECT_EQ(made.failure, "") << made.message;
    return asked.user();
  }
  template <class Type>
  static Request named(const std::string& name) {
    Type out;
    out.set_name(name);
    return out;
  }

  // A row for each operation that anybody has on their own things.
  std::map<std::string_view, Ask> asks_{
      {"session.list",
       [](Whose whose) {
         ipc::SessionList out;
         out.set_user(whose == Whose::own ? "carol" : "dan");
         return out;
       }},
      {"session.show",
       [](Whose whose) {
         ipc::SessionShow out;
         out.set_id(whose == Whose::own ? "s-carol" : "s-dan");
         return out;
       }},
      // A session that carol may supervise.
      {"session.watch",
       [](Whose whose) {
         ipc::SessionWatch out;
         out.set_id(whose == Whose::own ? "s-erin" : "s-dan");
         return out;
       }},
      {"request.create",
       [](Whose whose) {
         ipc::RequestCreate out;
         out.set_user(whose == Whose::own ? "carol" : "dan");
         out.set_account("root");
         out.add_targets("web1");
         out.set_reason("a test");
         return out;
       }},
      {"request.list",
       [this](Whose whose) {
         wish(whose == Whose::own ? "carol" : "dan", "db1");
         ipc::RequestList out;
         out.add_states("waiting");
         out.set_user(whose == Whose::own ? "carol" : "dan");
         return out;
       }},
      {"request.show",
       [this](Whose whose) { return named<ipc::RequestShow>(wish(whose == Whose::own ? "carol" : "dan", "db1")); }},
      {"request.vote", [this](Whose whose) { return named<ipc::RequestVote>(wish("dan", decided_by_carol(whose))); }},
      {"request.close",
       [this](Whose whose) { return named<ipc::RequestClose>(wish(whose == Whose::own ? "carol" : "dan", "db1")); }},
      {"request.review",
       [this](Whose whose) { return named<ipc::RequestReview>(wish("dan", decided_by_carol(whose), true)); }},
      {"invite.create", [this](Whose whose) { return invitation(whose); }},
      {"invite.list",
       [this](Whose whose) {
         invited(whose);
         ipc::InviteList out;
         out.set_sponsor(whose == Whose::own ? "carol" : "dan");
         return out;
       }},
      {"invite.show", [this](Whose whose) { return named<ipc::InviteShow>(invited(whose)); }},
      {"invite.revoke", [this](Whose whose) { return named<ipc::InviteRevoke>(invited(whose)); }},
  };
  unsigned guests_ = 0;

  static std::string decided_by_carol(Whose whose) { return whose == Whose::own ? "web1" : "db1"; }

  // What waits is closed: a user has so many at a time.
  void tidy() {
    const auto waiting = store->list_requests({{"waiting"}, "", "", "", 1000});
    ASSERT_TRUE(waiting);
    for (const auto& row : *waiting) {
      store::RequestRow closed = row;
      closed.state = "cancelled";
      ASSERT_TRUE(store->update_request(closed));
    }
    store::InvitationFilter open;
    open.open = true;
    const auto invitations = store->list_invitations(open);
    ASSERT_TRUE(invitations);
    for (const auto& invitation : *invitations) {
      ipc::InviteRevoke revoke;
      revoke.set_name(invitation.id);
      EXPECT_EQ(ask(revoke).failure, "");
    }
  }
};

template <std::size_t I = 0>
Request request_of(std::size_t index) {
  if constexpr (I < kOperations) {
    if (I == index) return Request(std::in_place_index<I>);
    return request_of<I + 1>(index);
  } else {
    return {};
  }
}

TEST_F(RoleMatrix, OnlyWhatTheTableAllowsHappens) {
  std::size_t allowed = 0, refused = 0;
  for (std::size_t i = 0; i < kOperations; ++i) {
    const Operation& operation = operation_of(request_of(i));
    const auto row = asks_.find(operation.name);
    ASSERT_EQ(row != asks_.end(), !operation.own.empty())
        << operation.name << " is on one's own things, and has no row here, or the other way round";
    for (const Role role : {Role::user, Role::approver, Role::auditor, Role::administrator}) {
      for (const Whose whose : {Whose::own, Whose::foreign}) {
        SCOPED_TRACE(std::string(operation.name) + ", " + policy::to_string(role) +
                     (whose == Whose::own ? ", own" : ", foreign"));
        const bool may = operation.roles.has(role) || (operation.own.has(role) && whose == Whose::own);
        if (row == asks_.end()) {
          // Whatever else is wrong with an empty request is found after the role is.
          EXPECT_EQ(ask(request_of(i), carol(role)).failure != "denied", may);
        } else {
          const auto sink = std::make_shared<FakeSink>(loop);
          begin(row->second(whose), sink, carol(role));
          const auto heard = operation.name == "session.watch" ? sink->hear_messages(1) : sink->hear();
          const bool reached = heard.failure.empty() && !(heard.items.empty() && heard.events.empty());
          EXPECT_EQ(reached, may) << heard.failure << ": " << heard.message;
          if (!may) {
            // A list is there for whoever may list anything.
            EXPECT_TRUE(heard.failure == "denied" || heard.failure == "not_found" || operation.own.has(role))
                << heard.failure;
            EXPECT_TRUE(heard.items.empty());
          }
          tidy();
        }
        (may ? allowed : refused)++;
      }
    }
  }
  EXPECT_GT(allowed, kOperations) << "nearly nothing was allowed, so this showed nothing";
  EXPECT_GT(refused, kOperations);
}

// The role comes with the user: whoever is none has nothing of their own.
TEST_F(RoleMatrix, WhoIsNoUserHasNothingOfTheirOwn) {
  const Caller nobody{"local:carol", Roles{Role::user}, 0, {Way::admin_socket, "a test"}, ""};
  for (const auto& [name, ask_for] : asks_) {
    if (name.ends_with(".list") && name != "session.list") {
      EXPECT_TRUE(ask(ask_for(Whose::own), nobody).items.empty()) << name;
      continue;
    }
    EXPECT_NE(ask(ask_for(Whose::own), nobody).failure, "") << name;
  }
}

}  // namespace
}  // namespace sallyport::broker::api
