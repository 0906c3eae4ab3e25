// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/fd.h"

namespace sallyport::net {
namespace {

using Known = std::map<std::string, std::string>;

/// A name server on loopback that knows some names, and says nothing about all others.
class NameServer {
 public:
  explicit NameServer(Known known) : known_(std::move(known)) {
    socket_ = base::Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    closing_ = true;
    thread_.join();
  }

  Resolver::Options options() const { return {{"127.0.0.1:" + std::to_string(port_)}}; }
  std::set<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  unsigned questions() const { return questions_; }

 private:
  void serve() {
    while (!closing_) {
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 10) != 1) continue;
      std::uint8_t packet[512];
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const ssize_t n =
          ::recvfrom(socket_.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 17) continue;
      const std::string reply = answer(std::string(reinterpret_cast<char*>(packet), static_cast<std::size_t>(n)));
      if (reply.empty()) continue;
      ::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    }
  }

  // RFC 1035 §4.1: the question back, and one A record of 60 seconds; for AAAA none; for "gone…" NXDOMAIN.
  std::string answer(const std::string& question) {
    std::string name;
    std::size_t at = 12;
    while (question.at(at) != 0) {
      const auto size = static_cast<std::size_t>(question[at]);
      name += (name.empty() ? "" : ".") + question.substr(at + 1, size);
      at += size + 1;
    }
    const bool is_a = question.at(at + 2) == 1;
    ++questions_;
    {
      const std::lock_guard lock(mutex_);
      asked_.insert(name);
    }
    const auto found = known_.find(name);
    const bool gone = name.rfind("gone", 0) == 0;
    if (found == known_.end() && !gone) return "";
    const char records = found != known_.end() && is_a ? 1 : 0;
    std::string out = question.substr(0, 2) + std::string("\x85", 1) + (gone ? '\x83' : '\x80') +
                      std::string("\0\1\0", 3) + records + std::string(4, '\0') + question.substr(12, at + 5 - 12);
    if (records == 0) return out;
    in_addr address{};
    EXPECT_EQ(inet_pton(AF_INET, found->second.c_str(), &address), 1);
    return out + std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12) +
           std::string(reinterpret_cast<char*>(&address.s_addr), 4);
  }

  Known known_;
  base::Fd socket_;
  int port_ = 0;
  std::atomic<bool> closing_{false};
  std::atomic<unsigned> questions_{0};
  std::mutex mutex_;
  std::set<std::string> asked_;
  std::thread thread_;
};

class ResolverTest : public testing::Test {
 protected:
  using Query = std::unique_ptr<Resolver::Query>;

  Query ask(Resolver& resolver, const std::string& host, const std::string& user) {
    return resolver.look_up({host, 22}, user, loop_, [this, host](Resolver::Found found) {
      answers_.emplace_back(host, found ? found->front().text() : found.message());
      if (answers_.size() == wanted_) loop_.stop();
    });
  }
  /// Runs until so many answers are there.
  void run_until(std::size_t wanted) {
    wanted_ = wanted;
    if (answers_.size() >= wanted) return;
    deadline_.after_us(20'000'000, [this] {
      ADD_FAILURE() << "no " << wanted_ << " answers, but " << answers_.size();
      loop_.stop();
    });
    loop_.run();
  }
  static void wait_for_questions(NameServer& server, const std::set<std::string>& names) {
    for (int i = 0; i < 2000; ++i) {
      const auto asked = server.asked();
      if (std::includes(asked.begin(), asked.end(), names.begin(), names.end())) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "the name server was not asked";
  }

  base::SystemClock clock_;
  Loop loop_;
  Timer deadline_{loop_};
  std::vector<std::pair<std::string, std::string>> answers_;
  std::size_t wanted_ = 0;
};

TEST_F(ResolverTest, FindsAName) {
  NameServer server(Known{{"web.test", "127.0.0.9"}});
  Resolver resolver(server.options(), clock_);
  const Query query = ask(resolver, "web.test", "alice");
  run_until(1);
  EXPECT_EQ(answers_[0].second, "127.0.0.9:22");
}

TEST_F(ResolverTest, SaysThatThereIsNoSuchName) {
  NameServer server(Known{});
  Resolver resolver(server.options(), clock_);
  const Query query = ask(resolver, "gone.test", "alice");
  run_until(1);
  EXPECT_EQ(answers_[0].second, "no such name");
}

TEST_F(ResolverTest, HostsFileComesFirst) {
  NameServer server(Known{});
  Resolver resolver(server.options(), clock_);
  const Query query = ask(resolver, "localhost", "alice");
  run_until(1);
  EXPECT_TRUE(answers_[0].second == "127.0.0.1:22" || answers_[0].second == "[::1]:22") << answers_[0].second;
  EXPECT_EQ(server.questions(), 0u);
}

TEST_F(ResolverTest, SilentNamesMakeNobodyElseWait) {
  NameServer server(Known{{"web.test", "127.0.0.9"}});
  Resolver resolver(server.options(), clock_);
  std::vector<Query> queries;
  for (int i = 0; i < 50; ++i) queries.push_back(ask(resolver, "dark" + std::to_string(i) + ".test", "alice"));
  for (int i = 0; i < 50; ++i) queries.push_back(ask(resolver, "dark.test", "alice"));
  wait_for_questions(server, {"dark0.test", "dark7.test"});
  queries.push_back(ask(resolver, "web.test", "bob"));
  run_until(1);
  EXPECT_EQ(answers_[0], std::pair(std::string("web.test"), std::string("127.0.0.9:22")));
}

TEST_F(ResolverTest, WhoWaitsForItsTurnGetsItWhenAnotherIsCancelled) {
  NameServer server(Known{{"web.test", "127.0.0.9"}});
  Resolver::Options options = server.options();
  options.at_once = 2;
  options.at_once_per_user = 1;
  Resolver resolver(std::move(options), clock_);
  Query dark = ask(resolver, "dark.test", "alice");
  Query behind = ask(resolver, "web.test", "alice");
  Query other = ask(resolver, "dark2.test", "bob");
  wait_for_questions(server, {"dark.test", "dark2.test"});
  EXPECT_EQ(server.asked().count("web.test"), 0u) << "one at a time of one user";
  dark.reset();
  run_until(1);
  EXPECT_EQ(answers_[0].second, "127.0.0.9:22");
}

TEST_F(ResolverTest, OneLookupAnswersAllWhoAskAndIsKept) {
  NameServer server(Known{{"web.test", "127.0.0.9"}});
  Resolver resolver(server.options(), clock_);
  std::vector<Query> queries;
  for (int i = 0; i < 20; ++i) queries.push_back(ask(resolver, "web.test", "user" + std::to_string(i)));
  run_until(20);
  const unsigned questions = server.questions();
  EXPECT_LE(questions, 2u) << "one for A, one for AAAA";
  queries.push_back(ask(resolver, "web.test", "late"));
  run_until(21);
  EXPECT_EQ(server.questions(), questions);
}

TEST_F(ResolverTest, CancelledQueriesAreNotAnsweredAndMayOutliveTheResolver) {
  NameServer server(Known{{"web.test", "127.0.0.9"}});
  auto resolver = std::make_unique<Resolver>(server.options(), clock_);
  Query cancelled = ask(*resolver, "web.test", "alice");
  cancelled.reset();
  Query second = ask(*resolver, "dark.test", "alice");
  Query third = ask(*resolver, "web.test", "bob");
  run_until(1);
  EXPECT_EQ(answers_.size(), 1u);
  resolver.reset();
  second.reset();
}

}  // namespace
}  // namespace sallyport::net
