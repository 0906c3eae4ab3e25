// SPDX-License-Identifier: Apache-2.0
// Resources from JSON and back: what is taken, what is refused, and whether the refusal helps.
#include "policy/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAELtSUpBkLLVWBDdjlyGWpWCqJmDmqVnBnFzcE alice@laptop";

std::string with_key(std::string json) {
  for (std::size_t at; (at = json.find("KEY")) != std::string::npos;) json.replace(at, 3, kKey);
  return json;
}

template <class T>
T get(const std::string& json) {
  auto r = parse_resource(with_key(json));
  EXPECT_TRUE(r) << (r ? "" : r.message());
  return r ? std::get<T>(*r) : T{};
}

std::string error(const std::string& json) {
  const auto r = parse_resource(with_key(json));
  return r ? "(accepted)" : r.message();
}

TEST(Resource, AUser) {
  const User u = get<User>(
      R"({"kind":"user","name":"alice","description":"Alice","groups":["ops","dba"],"public_keys":["KEY"],
          "roles":["auditor"],"disabled":true})");
  EXPECT_EQ(u.name, "alice");
  EXPECT_EQ(u.description, "Alice");
  EXPECT_THAT(u.groups, ElementsAre("ops", "dba"));
  EXPECT_THAT(u.public_keys, ElementsAre(kKey));
  EXPECT_THAT(u.roles, ElementsAre(Role::auditor));
  EXPECT_TRUE(u.disabled);
}

TEST(Resource, AUsersEmailAddress) {
  const auto user = parse_resource(R"({"kind":"user","name":"alice","email":"alice@example.org"})");
  ASSERT_TRUE(user) << user.message();
  EXPECT_EQ(std::get<User>(*user).email, "alice@example.org");
  const auto again = parse_resource(to_json(*user));
  ASSERT_TRUE(again) << again.message();
  EXPECT_EQ(*again, *user);
  for (const char* bad : {"", "alice", "Alice@example.org", "alice@example", "a b@example.org", "a@b@example.org"}) {
    const auto refused = parse_resource(R"({"kind":"user","name":"alice","email":")" + std::string(bad) + R"("})");
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.message().find("email"), std::string::npos) << refused.message();
  }
}

TEST(Resource, ATargetNamesWhatItNeedsOfOldAlgorithms) {
  const Target t = get<Target>(R"({"kind":"target","name":"switch1","protocol":"ssh","address":"10.0.0.7",
      "legacy":["ssh-rsa","aes128-cbc","hmac-sha1"]})");
  EXPECT_EQ(t.legacy, (std::vector<std::string>{"ssh-rsa", "aes128-cbc", "hmac-sha1"}));
  for (const char* bad : {R"(["arcfour"])", R"("ssh-rsa")", R"([1])", R"(["curve25519-sha256"])", R"([""])",
                          R"(["ssh-rsa","ssh-rsa"])"}) {
    EXPECT_FALSE(parse_resource(R"({"kind":"target","name":"t","protocol":"ssh","address":"h","legacy":)" +
                                std::string(bad) + "}"))
        << bad;
  }
}

TEST(Resource, ATargetAndItsAddresses) {
  const Target t = get<Target>(R"({"kind":"target","name":"web1","protocol":"ssh","address":"10.0.0.7:2222",
      "labels":{"env":"prod","a/b":"x y"},"host_keys":["KEY"]})");
  EXPECT_EQ(t.host, "10.0.0.7");
  EXPECT_EQ(t.port, 2222);
  EXPECT_EQ(t.labels.at("env"), "prod");
  const auto address = [](const std::string& a) {
    const auto r = parse_resource(R"({"kind":"target","name":"t","protocol":"ssh","address":")" + a + "\"}");
    return r ? std::get<Target>(*r).address() : "(refused)";
  };
  EXPECT_EQ(address("host.example"), "host.example:22");
  EXPECT_EQ(address("[fd00::7]"), "[fd00::7]:22");
  EXPECT_EQ(address("[::1]:65535"), "[::1]:65535");
  for (const char* bad : {"",    ":22",        "host:",         "host:0", "host:65536", "host:999999",      "host:2a",
                          "::1", "fd00::7:22", "[10.0.0.7]:22", "[::1",   "[::1]22",    "10.0.0.300",       "1.2.3.4.5",
                          "-oX", "a b",        "a..b",          "a@b",    "host:22:22", "[fe80::1%eth0]:22"}) {
    EXPECT_EQ(address(bad), "(refused)") << bad;
  }
}

TEST(Resource, ATelnetTargetAndItsPrompts) {
  const Target usual = get<Target>(R"({"kind":"target","name":"t","protocol":"telnet","address":"10.0.0.7"})");
  EXPECT_EQ(usual.protocol, Protocol::telnet);
  EXPECT_EQ(usual.port, 23);
  EXPECT_EQ(usual.prompts, Prompts());
  const Target own = get<Target>(R"({"kind":"target","name":"t","protocol":"telnet","address":"h:2323",
      "login":{"name":"Username:","password":"secret?","shell":["#"],"refused":["% Login invalid","denied"]}})");
  EXPECT_EQ(own.port, 2323);
  EXPECT_EQ(own.prompts.name, "Username:");
  EXPECT_EQ(own.prompts.password, "secret?");
  EXPECT_THAT(own.prompts.shell, ElementsAre("#"));
  EXPECT_THAT(own.prompts.refused, ElementsAre("% Login invalid", "denied"));
  for (const char* bad :
       {R"("login":{"name":""})", R"("login":{"name":"  "})", R"("login":{"shell":[]})", R"("login":{"shell":"$"})",
        R"("login":{"shell":["\u0007"]})", R"("login":{"refused":["a","a"]})", R"("login":{"user":"x"})",
        R"("login":"password")", R"("host_keys":["KEY"])", R"("host_ca":[])", R"("legacy":["ssh-rsa"])"}) {
    EXPECT_FALSE(parse_resource(
        with_key(R"({"kind":"target","name":"t","protocol":"telnet","address":"h",)" + std::string(bad) + "}")))
        << bad;
  }
  EXPECT_FALSE(parse_resource(R"({"kind":"target","name":"t","protocol":"ssh","address":"h","login":{"name":"x:"}})"));
  EXPECT_FALSE(parse_resource(R"({"kind":"target","name":"t","protocol":"rlogin","address":"h"})"));
}

TEST(Resource, AnAccountAndItsSelectors) {
  const Account a =
      get<Account>(R"({"kind":"account","name":"deploy","targets":{"env":"prod"},"login":"certificate"})");
  EXPECT_EQ(a.login_name, "deploy");
  EXPECT_EQ(a.login, Login::certificate);
  EXPECT_EQ(a.targets.labels.front().at("env"), std::vector<std::string>{"prod"});
  const Account b = get<Account>(
      R"({"kind":"account","name":"adm","targets":["web1",{"env":["prod","stage"],"os":"linux"}],"login":"password",
          "login_name":"Administrator"})");
  EXPECT_THAT(b.targets.names, ElementsAre("web1"));
  EXPECT_THAT(b.targets.labels.front().at("env"), ElementsAre("prod", "stage"));
  EXPECT_EQ(b.login_name, "Administrator");
  EXPECT_THAT(get<Account>(R"({"kind":"account","name":"a","targets":["*"],"login":"key"})").targets.names,
              ElementsAre("*"));
  for (const char* bad : {"{}", "[]", "\"web1\"", "\"*\"", "null", "[{}]", R"(["*","web1"])", R"(["Web 1"])",
                          R"({"env":3})", R"({"env":[]})", R"({"env":["a",1]})", R"({"":"x"})", R"({"e v":"x"})"}) {
    EXPECT_THAT(error(std::string(R"({"kind":"account","name":"a","login":"key","targets":)") + bad + "}"),
                HasSubstr("account 'a': key 'targets'"))
        << bad;
  }
}

TEST(Resource, APolicy) {
  const Policy p = get<Policy>(
      R"({"kind":"policy","name":"p","subjects":{"groups":["ops"],"users":["carol"]},"targets":{"env":"prod"},
          "accounts":["deploy"],"allow":["shell","forwarding"],"deny":["forward-remote"],
          "record":{"bulk_after":"1MiB","bulk_hash":false,"strict":true},"limits":{"idle":"15m","input_idle":"5m",
          "duration":28800}})");
  EXPECT_TRUE(p.allow.has(Permission::shell));
  EXPECT_TRUE(p.allow.has(Permission::forward_local));
  EXPECT_FALSE(p.allow.has(Permission::sftp));
  EXPECT_THAT(p.deny.words(), ElementsAre("forward-remote"));
  EXPECT_EQ(p.record.bulk_after_bytes, 1 << 20);
  EXPECT_EQ(p.record.bulk_hash, false);
  EXPECT_EQ(p.record.strict, true);
  EXPECT_EQ(p.limits.idle_seconds, 900);
  EXPECT_EQ(p.limits.input_idle_seconds, 300);
  EXPECT_EQ(p.limits.duration_seconds, 28800);
}

std::string policy(const std::string& rest) {
  return R"({"kind":"policy","name":"p","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],)" + rest + "}";
}

TEST(Resource, APolicyMustSaySomethingThatIsEnforced) {
  EXPECT_EQ(get<Policy>(policy(R"("effect":"deny")")).effect, Effect::deny);
  EXPECT_THAT(error(policy(R"("allow":[])")), HasSubstr("must name what is allowed"));
  EXPECT_THAT(error(policy(R"("allow":["sftp-read"])")), HasSubstr("'sftp-read' is no permission; there are shell"));
  EXPECT_THAT(error(policy(R"("effect":"deny","allow":["shell"])")), HasSubstr("leave out allow and deny"));
  EXPECT_THAT(error(policy(R"("effect":"maybe","allow":["shell"])")), HasSubstr("must be allow or deny"));
  EXPECT_THAT(error(policy(R"("allow":["shell"],"commands":{"default":"allow"})")),
              HasSubstr("policy 'p': key 'commands': is not offered by this version and would not be enforced"));
  EXPECT_THAT(error(policy(R"("allow":["shell"],"alow":["exec"])")), HasSubstr("there is no key 'alow' here"));
  EXPECT_THAT(error(policy(R"("allow":["shell"],"record":{"bulkhash":true})")), HasSubstr("no key 'bulkhash'"));
  for (const char* bad : {"-1", "1.5", "\"15\"", "\"m\"", "\"1y\"", "0", "\"0s\"", "1e30", "\"99999999999d\"",
                          "18446744073709551615", "true"}) {
    EXPECT_THAT(error(policy(std::string(R"("allow":["shell"],"limits":{"idle":)") + bad + "}")), HasSubstr("'idle'"))
        << bad;
  }
  EXPECT_THAT(error(R"({"kind":"policy","name":"p","subjects":{},"targets":["*"],"accounts":["*"],"allow":["shell"]})"),
              HasSubstr("must name users or groups"));
  EXPECT_THAT(error(R"({"kind":"policy","name":"p","subjects":{"groups":["*"]},"targets":["*"],"accounts":["*"],
                        "allow":["shell"]})"),
              HasSubstr("cannot be used here"));
}

TEST(Resource, RolesGroupsAndRecipients) {
  EXPECT_EQ(get<RoleBinding>(R"({"kind":"role","name":"aud","role":"auditor","subjects":{"users":["bob"]}})").role,
            Role::auditor);
  EXPECT_THAT(get<Group>(R"({"kind":"group","name":"ops","members":["bob"]})").members, ElementsAre("bob"));
  const std::string key = "d2wdhhmhtwNBtCC6Iy8TdJc1IW4nC7WSP+bJmlRFQXQ=";
  EXPECT_EQ(get<Recipient>(R"({"kind":"recipient","name":"r","public_key":")" + key + "\"}").public_key_bytes().size(),
            32U);
  EXPECT_THAT(error(R"({"kind":"recipient","name":"r","public_key":"AAAA"})"), HasSubstr("32 bytes in base64"));
  EXPECT_THAT(error(R"({"kind":"role","name":"aud","role":"root","subjects":{"users":["bob"]}})"),
              HasSubstr("there are user, approver"));
}

TEST(Resource, ErrorsNameKindNameAndKey) {
  EXPECT_THAT(error("{"), HasSubstr("not well-formed JSON"));
  EXPECT_THAT(error("[]"), HasSubstr("is an object"));
  EXPECT_THAT(error(R"({"kind":"user"})"), HasSubstr("key 'name': is missing"));
  EXPECT_THAT(error(R"({"kind":"server","name":"x"})"), HasSubstr("there are user, group"));
  EXPECT_THAT(error(R"({"kind":"user","name":"Al@ce"})"), HasSubstr("user 'Al@ce': key 'name'"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a\u001b[31m"})"), HasSubstr("\\x1b"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a","groups":"ops"})"),
              HasSubstr("user 'a': key 'groups': must be a list"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a","groups":["ops","ops"]})"), HasSubstr("twice"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a","name":"b"})"), HasSubstr("'name' stands twice"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a","x":{"y":1,"y":2}})"), HasSubstr("'y' stands twice"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a","disabled":"no"})"), HasSubstr("must be true or false"));
  EXPECT_THAT(error(R"({"kind":"user","name":"a","password":"x"})"), HasSubstr("there is no key 'password'"));
  EXPECT_THAT(error(std::string(R"({"kind":"user","name":"a","x":)") + std::string(5000, '[')), HasSubstr("deeply"));
  EXPECT_THAT(error(std::string(kMaxResourceBytes + 1, ' ')), HasSubstr("larger than"));
}

TEST(Resource, BadKeyLines) {
  const auto line = [](const std::string& l) {
    return error(R"({"kind":"user","name":"a","public_keys":["KEY",")" + l + "\"]}");
  };
  for (const char* bad : {"", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M=", "AAAAC3Nza",
                          "no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHE", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIKHE",
                          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHE\\n"}) {
    EXPECT_THAT(line(bad), HasSubstr("user 'a': key 'public_keys': item 2: ")) << bad;
  }
  const auto checked =
      parse_resource(with_key(R"({"kind":"user","name":"a","public_keys":["KEY"]})"),
                     [](std::string_view) -> base::Status { return base::fail(base::Errc::invalid, "too weak"); });
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.message(), HasSubstr("item 1: too weak"));
}

std::string target_with(const std::string& field, const std::string& line) {
  return R"({"kind":"target","name":"web1","protocol":"ssh","address":"10.0.0.7",")" + field + R"(":[")" + line +
         "\"]}";
}

TEST(Resource, HostKeysAsSshKeyscanPrintsThem) {
  for (const char* hosts :
       {"web1", "10.0.0.7", "[web1.example]:2222", "[fd00::7]:22", "fd00::7", "web1,10.0.0.7", "*.example,!bad.example",
        "fe80::1%eth0", "|1|AXuoPA34PO9GVHzA/jv4HQtBRwo=|KxoEA7CVwAjDiKwezmtMRNHcLew="}) {
    EXPECT_THAT(get<Target>(target_with("host_keys", std::string(hosts) + " KEY")).host_keys, ElementsAre(kKey))
        << hosts;
  }
  EXPECT_THAT(get<Target>(target_with("host_keys", "web1   KEY")).host_keys, ElementsAre(kKey));
  for (const char* hosts :
       {",", "web1,", "web1,,web2", "a/b", "[web1]", "[web1]:", "[web1]:123456", "[]:22", "|1|",
        "|1|AXuoPA34PO9GVHzA/jv4HQtBRwo=", "|2|AXuoPA34PO9GVHzA/jv4HQtBRwo=|3988", "|1|AAAA|AAAA", "command=x"}) {
    EXPECT_THAT(error(target_with("host_keys", std::string(hosts) + " KEY")),
                HasSubstr("target 'web1': key 'host_keys': item 1: the hosts before the key are none"))
        << hosts;
  }
  EXPECT_THAT(error(target_with("host_keys", "@cert-authority web1 KEY")), HasSubstr("a line with a marker"));
  EXPECT_THAT(error(target_with("host_keys", "@revoked web1 KEY")), HasSubstr("a line with a marker"));
  EXPECT_THAT(error(target_with("host_keys", "# web1:22 SSH-2.0-OpenSSH_9.2")), HasSubstr("is a comment"));
  EXPECT_THAT(error(target_with("host_keys", "web1 web1 KEY")), HasSubstr("a key line is"));
  EXPECT_THAT(error(target_with("host_ca", "web1 KEY")), HasSubstr("a key line is"))
      << "an authority has no hosts here";
}

TEST(Resource, CanonicalJsonReadsBackEqual) {
  for (
      const std::string json :
      {R"({"name":"alice","kind":"user","public_keys":["KEY"],"groups":[],"disabled":false,"roles":["approver"]})",
       R"({"kind":"group","name":"ops","members":["a","b"],"description":"x"})",
       R"({"kind":"role","name":"r","role":"administrator","subjects":{"users":["*"],"groups":["g"]}})",
       R"({"kind":"target","name":"t","protocol":"ssh","address":"[fd00::7]:22","host_ca":["KEY"],"labels":{"a":"b"}})",
       R"({"kind":"target","name":"t","protocol":"telnet","address":"h:23"})",
       R"({"kind":"target","name":"t","protocol":"telnet","address":"h:23","login":{"name":"u:","shell":["#"]}})",
       R"({"kind":"account","name":"a","login":"key","targets":["x",{"env":["p","q"]},{"os":"l"}],"login_name":"R"})",
       R"({"kind":"account","name":"a","login":"certificate","targets":{"env":"p"},"login_name":"a"})",
       R"({"kind":"policy","name":"p","effect":"deny","subjects":{"groups":["g"]},"targets":["*"],"accounts":["*"]})",
       R"({"kind":"policy","name":"p","subjects":{"groups":["g"]},"targets":["t"],"accounts":["a"],"allow":["sftp"],
            "record":{"bulk_after":0,"bulk_hash":true},"limits":{"duration":"2d"}})"}) {
    const auto first = parse_resource(with_key(json));
    ASSERT_TRUE(first) << first.message();
    const std::string canonical = to_json(*first);
    const auto second = parse_resource(canonical);
    ASSERT_TRUE(second) << canonical << second.message();
    EXPECT_EQ(*first, *second) << canonical;
    EXPECT_EQ(to_json(*second), canonical);
  }
  EXPECT_EQ(to_json(*parse_resource(R"({"name":"a","kind":"user","groups":["g"],"disabled":false})")),
            R"({"groups":["g"],"kind":"user","name":"a"})");
}

TEST(Resource, HowManySessionsAPolicyAllows) {
  const auto limits = [](const std::string& inner) {
    return R"({"kind":"policy","name":"p","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],"allow":["shell"],
               "limits":)" +
           inner + "}";
  };
  const Policy p = get<Policy>(limits(
      R"({"sessions_per_user":2,"sessions_per_target":5,"sessions_per_account":3,"checkout":"exclusive","idle":"5m"})"));
  EXPECT_EQ(p.limits.sessions_per_user, 2);
  EXPECT_EQ(p.limits.sessions_per_target, 5);
  EXPECT_EQ(p.limits.sessions_per_account, 3);
  EXPECT_TRUE(p.limits.exclusive);
  EXPECT_EQ(get<Policy>(to_json(p)), p);
  EXPECT_THAT(error(limits(R"({"sessions_per_user":0})")), HasSubstr("from 1 to 1000000"));
  EXPECT_THAT(error(limits(R"({"sessions_per_user":-1})")), HasSubstr("from 1 to 1000000"));
  EXPECT_THAT(error(limits(R"({"sessions_per_target":"2"})")), HasSubstr("from 1 to 1000000"));
  EXPECT_THAT(error(limits(R"({"checkout":"shared"})")), HasSubstr("must be exclusive"));
}

std::string with_require(const std::string& require) {
  return R"({"kind":"policy","name":"p","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],"allow":["shell"],
             "require":)" +
         require + "}";
}

TEST(Resource, WhatAPolicyRequires) {
  const Policy p =
      get<Policy>(with_require(R"({"factors":["totp"],"remember":"15m","max_age":"1h","reason":true,"supervisor":true,
      "ticket":"CHG-[0-9]+","approval":{"approvers":{"groups":["leads"],"users":["dave"]},"count":2,"valid":"4h"}})"));
  EXPECT_THAT(p.require.factors, ElementsAre(Factor::totp));
  EXPECT_EQ(p.require.remember_seconds, 900);
  EXPECT_EQ(p.require.max_age_seconds, 3600);
  EXPECT_TRUE(p.require.reason);
  EXPECT_EQ(p.require.supervisor, (SupervisorRule{{}, {}, 900}));
  EXPECT_EQ(p.require.ticket, "CHG-[0-9]+");
  EXPECT_EQ(p.require.approval, (ApprovalRule{{"dave"}, {"leads"}, 2, 14400}));
  EXPECT_EQ(get<Policy>(to_json(p)), p);
  const Policy short_form = get<Policy>(with_require(R"({"approval":{"approvers":{"groups":["leads"]}}})"));
  EXPECT_EQ(short_form.require.approval, (ApprovalRule{{}, {"leads"}, 1, 3600}));
  EXPECT_EQ(get<Policy>(to_json(short_form)), short_form);
}

std::string with_when(const std::string& when) {
  return R"({"kind":"policy","name":"p","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],"allow":["shell"],
             "when":)" +
         when + "}";
}

TEST(Resource, WhenAPolicyHolds) {
  const Policy p = get<Policy>(with_when(R"({"days":["fri","mon"],"hours":"22:00-06:00","zone":"Europe/Berlin",
      "from":["10.0.0.0/8","fd00::/8"],"valid_from":"2026-03-01T00:00:00+01:00","valid_until":"2026-04-01T00:00:00Z"})"));
  EXPECT_THAT(p.when.days, ElementsAre(0, 4));
  EXPECT_EQ(p.when.hours, (Hours{1320, 360}));
  EXPECT_EQ(p.when.zone, "Europe/Berlin");
  EXPECT_THAT(p.when.from, ElementsAre("10.0.0.0/8", "fd00::/8"));
  EXPECT_EQ(p.when.valid_from_us, 1'772'319'600'000'000);
  EXPECT_EQ(get<Policy>(to_json(p)), p);
  EXPECT_TRUE(get<Policy>(R"({"kind":"policy","name":"p","effect":"deny","subjects":{"users":["*"]},"targets":["*"],
                              "accounts":["*"],"when":{"days":["sun"]}})")
                  .require.empty());
  for (const auto& [when, problem] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{}", "must name a condition"},
           {R"({"days":[]})", "must name a day"},
           {R"({"days":["Mon"]})", "some of mon, tue"},
           {R"({"days":["mon","mon"]})", "twice"},
           {R"({"days":"mon"})", "must be a list"},
           {R"({"hours":"8-18"})", "must be such as"},
           {R"({"hours":""})", "must be such as"},
           {R"({"hours":["08:00-18:00"]})", "must be a string"},
           {R"({"hours":"08:00-18:00","zone":"../../etc/passwd"})", "name of a time zone"},
           {R"({"hours":"08:00-18:00","zone":""})", "name of a time zone"},
           {R"({"zone":"Europe/Berlin"})", "is for days and hours"},
           {R"({"from":[]})", "must name a block"},
           {R"({"from":["10.0.0.1/8"]})", "bits set"},
           {R"({"from":["office"]})", "not a numeric address"},
           {R"({"valid_from":"tomorrow"})", "must be a time such as"},
           {R"({"valid_from":17})", "must be a string"},
           {R"({"valid_until":"9999-12-31T23:59:59-01:00"})", "must be a time such as"},
           {R"({"valid_from":"2026-03-01T00:00:00Z","valid_until":"2026-03-01T00:00:00Z"})", "later than valid_from"},
           {R"({"moon":"full"})", "there is no key 'moon'"}}) {
    EXPECT_THAT(error(with_when(when)), HasSubstr(problem)) << when;
  }
}

TEST(Resource, WhatAPolicyCannotRequire) {
  for (const auto& [require, problem] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{}", "must name what is required"},
           {R"({"reason":false})", "must name what is required"},
           {R"({"reason":"yes"})", "must be true or false"},
           {R"({"factors":["sms"]})", "there is totp"},
           {R"({"factors":["totp","totp"]})", "twice"},
           {R"({"remember":"5m","reason":true})", "is for factors"},
           {R"({"max_age":"5m","reason":true})", "is for factors"},
           {R"({"ticket":"[","reason":true})", "pattern of RE2"},
           {R"({"ticket":""})", "pattern of 1 to 256"},
           {R"({"ticket":".*"})", "empty ticket"},
           {R"({"approval":{}})", "must name users or groups"},
           {R"({"approval":{"approvers":{}}})", "must name users or groups"},
           {R"({"approval":{"approvers":{"users":["*"]}}})", "'*' cannot be used here"},
           {R"({"approval":{"approvers":{"users":["bob"]},"count":2}})", "greater than the number"},
           {R"({"approval":{"approvers":{"groups":["leads"]},"count":0}})", "from 1 to 20"},
           {R"({"approval":{"approvers":{"groups":["leads"]},"valid":0}})", "between one second"},
           {R"({"approval":{"approvers":{"groups":["leads"]},"self":true}})", "there is no key 'self'"},
           {R"({"phase":"moon"})", "there is no key 'phase'"},
           {R"(["totp"])", "must be an object"}}) {
    EXPECT_THAT(error(with_require(require)), HasSubstr(problem)) << require;
  }
  EXPECT_THAT(error(R"({"kind":"policy","name":"p","effect":"deny","subjects":{"users":["*"]},"targets":["*"],
                        "accounts":["*"],"require":{"reason":true}})"),
              HasSubstr("is for policies that allow"));
}

}  // namespace
}  // namespace sallyport::policy
