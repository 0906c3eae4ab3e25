// SPDX-License-Identifier: Apache-2.0
// A whole Telnet back on a thread of its own, between a target and a broker that the test plays.
#include "back/telnet/telnet_worker.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "ipc/seqpacket.h"
#include "ipc/telnet.pb.h"

namespace sallyport::back::telnet {
namespace {

constexpr std::int64_t kDeadlineUs = 20'000'000;
constexpr const char* kSecret = "s3cret-of-the-target";

class Stage {
 public:
  Stage() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    target = base::Fd(fds[0]);
    peer_ = base::Fd(fds[1]);
    thread_ = std::thread([this] {
      TelnetWorker worker({pair_.worker.get(), peer_.get()}, clock);
      status = worker.run();
      peer_.reset();
      pair_.worker.reset();
    });
    ipc::BrokerToTelnet message;
    message.mutable_start()->set_login_name("deploy");
    message.mutable_start()->set_name_prompt("login:");
    message.mutable_start()->set_password_prompt("Password:");
    for (const char* prompt : {"$", "#"}) message.mutable_start()->add_shell_prompts(prompt);
    message.mutable_start()->add_refusals("Login incorrect");
    control(message);
  }
  ~Stage() {
    pair_.broker.reset();
    target.reset();
    thread_.join();
  }

  void control(const ipc::BrokerToTelnet& message) { send(ipc::MessageKind::control, message.SerializeAsString()); }
  void event(const event::Event& event) { send(ipc::MessageKind::event, event.SerializeAsString()); }
  void target_says(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(target.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
      if (n <= 0 && errno != EAGAIN) return;
      step();
    }
  }

  void step() {
    pollfd polls[] = {{pair_.broker.get(), POLLIN, 0}, {target_open ? target.get() : -1, POLLIN, 0}};
    ::poll(polls, 2, 2);
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (auto r = ipc::receive(pair_.broker.get(), buffer); r && r->transfer == ipc::Transfer::done;
         r = ipc::receive(pair_.broker.get(), buffer)) {
      everything.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(r->bytes));
      take(static_cast<ipc::MessageKind>(buffer[0]), base::ByteView(buffer).subspan(1, r->bytes - 1));
    }
    if (!target_open || !target_reads) return;
    char bytes[4096];
    const ssize_t n = ::recv(target.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) at_target.append(bytes, static_cast<std::size_t>(n));
    if (n == 0) target_open = false;
  }
  template <class Done>
  [[nodiscard]] bool until(Done done) {
    const auto end = clock.monotonic_us() + kDeadlineUs;
    while (!done()) {
      if (clock.monotonic_us() > end) return false;
      step();
    }
    return true;
  }
  bool target_got(std::string_view what) {
    return until([&] { return at_target.find(what) != std::string::npos; });
  }

  void log_in() {
    target_says(
        "\xff\xfd\x18\xff\xfd\x1f\xff\xfb\x03\xff\xfb\x01"
        "Debian\r\nhost login: ");
    ASSERT_TRUE(target_got(std::string("deploy\r\0", 8)));
    target_says("deploy\r\nPassword: ");
    ASSERT_TRUE(until([&] { return password_wanted; }));
    ipc::BrokerToTelnet message;
    message.mutable_password()->set_password(kSecret);
    control(message);
    ASSERT_TRUE(target_got(std::string(kSecret) + std::string("\r\0", 2)));
    target_says("\r\nWelcome\r\nhost$ ");
    ASSERT_TRUE(until([&] { return login.has_value(); }));
    ASSERT_TRUE(*login);
  }
  void open_shell(std::uint32_t window = 1 << 20) {
    event::Event open;
    open.mutable_channel_open()->set_channel(0);
    open.mutable_channel_open()->set_type("session");
    open.mutable_channel_open()->set_window(window);
    event(open);
    event::Event pty;
    pty.mutable_request()->set_want_answer(true);
    pty.mutable_request()->mutable_pty()->set_columns(100);
    pty.mutable_request()->mutable_pty()->set_rows(30);
    event(pty);
    event::Event shell;
    shell.mutable_request()->set_want_answer(true);
    shell.mutable_request()->mutable_shell();
    event(shell);
    ASSERT_TRUE(until([&] { return answers.size() >= 2; }));
    EXPECT_EQ(answers, (std::vector<bool>{true, true}));
  }
  void type(std::string_view text) {
    event::Event data;
    data.mutable_data()->set_bytes(std::string(text));
    event(data);
  }

  base::SystemClock clock;
  base::Fd target;
  std::string at_target, at_user, everything;
  std::vector<event::Event> events;
  std::vector<bool> answers;
  std::optional<bool> login;
  std::optional<ipc::Ended> ended;
  std::uint64_t credit = 0;
  bool password_wanted = false, target_open = true, target_reads = true;
  int status = -1;

 private:
  void send(ipc::MessageKind kind, const std::string& body) {
    base::Bytes message = base::to_bytes(base::view(body));
    message.insert(message.begin(), static_cast<std::uint8_t>(kind));
    while (ipc::send(pair_.broker.get(), message).value() == ipc::Transfer::would_block) step();
  }
  void take(ipc::MessageKind kind, base::ByteView body) {
    if (kind == ipc::MessageKind::event) {
      ASSERT_TRUE(events.emplace_back().ParseFromArray(body.data(), static_cast<int>(body.size())));
      if (events.back().has_data()) at_user += events.back().data().bytes();
      if (events.back().has_request_answer()) answers.push_back(events.back().request_answer().ok());
      return;
    }
    ipc::TelnetToBroker message;
    ASSERT_TRUE(message.ParseFromArray(body.data(), static_cast<int>(body.size())));
    password_wanted |= message.has_password_wanted();
    if (message.has_login_done()) login = message.login_done().ok();
    if (message.has_credit()) credit += message.credit().bytes();
    if (message.has_ended()) ended = message.ended();
  }

  ipc::SocketPair pair_ = std::move(ipc::make_socket_pair().value());
  base::Fd peer_;
  std::thread thread_;
};

TEST(TelnetWorker, LogsInAndRelaysATerminal) {
  Stage stage;
  stage.log_in();
  stage.open_shell();
  ASSERT_TRUE(stage.until([&] { return stage.at_user == "\r\nWelcome\r\nhost$ "; }));
  ASSERT_TRUE(stage.target_got(std::string("\xff\xfa\x1f\0\x64\0\x1e\xff\xf0", 9))) << "the window";
  stage.type("ls\r");
  ASSERT_TRUE(stage.target_got(std::string("ls\r\0", 4)));
  ASSERT_TRUE(stage.until([&] { return stage.credit == 3; }));
  stage.target_says("ls\r\nfile\r\nhost$ ");
  ASSERT_TRUE(stage.until([&] { return stage.at_user.ends_with("file\r\nhost$ "); }));
  event::Event change;
  change.mutable_request()->mutable_window_change()->set_columns(255);
  change.mutable_request()->mutable_window_change()->set_rows(40);
  stage.event(change);
  ASSERT_TRUE(stage.target_got(std::string("\xff\xfa\x1f\0\xff\xff\0\x28\xff\xf0", 10)));
  EXPECT_EQ(stage.everything.find(kSecret), std::string::npos) << "the password went to the target alone";
}

TEST(TelnetWorker, TheTargetsEndComesAfterItsLastWords) {
  Stage stage;
  stage.log_in();
  stage.open_shell(4);
  stage.target_says("bye");
  stage.target.reset();
  stage.target_open = false;
  ASSERT_TRUE(stage.until([&] { return stage.at_user.size() == 4; }));
  EXPECT_FALSE(stage.ended);
  ipc::BrokerToTelnet more;
  more.mutable_credit()->set_bytes(1000);
  stage.control(more);
  ASSERT_TRUE(stage.until([&] { return stage.ended.has_value(); }));
  EXPECT_TRUE(stage.at_user.ends_with("host$ bye"));
  EXPECT_TRUE(stage.ended->clean());
  ASSERT_GE(stage.events.size(), 2u);
  EXPECT_TRUE(stage.events[stage.events.size() - 2].has_exit());
  ASSERT_TRUE(stage.events.back().has_close());
  EXPECT_EQ(stage.events.back().close().main_total(), stage.at_user.size());
}

TEST(TelnetWorker, TheUsersCloseEndsTheConnection) {
  Stage stage;
  stage.log_in();
  stage.open_shell();
  event::Event close;
  close.mutable_close();
  stage.event(close);
  ASSERT_TRUE(stage.until([&] { return stage.ended.has_value() && !stage.target_open; }));
  EXPECT_TRUE(stage.ended->clean());
  EXPECT_TRUE(stage.events.back().has_close());
}

TEST(TelnetWorker, OneTerminalAndNothingElse) {
  Stage stage;
  stage.log_in();
  event::Event open;
  open.mutable_channel_open()->set_type("session");
  stage.event(open);
  open.mutable_channel_open()->set_channel(2);
  stage.event(open);
  event::Event exec;
  exec.mutable_request()->set_want_answer(true);
  exec.mutable_request()->mutable_exec()->set_command("id");
  stage.event(exec);
  event::Event shell;
  shell.mutable_request()->set_want_answer(true);
  shell.mutable_request()->mutable_shell();
  stage.event(shell);  // without a terminal
  ASSERT_TRUE(stage.until([&] { return stage.answers.size() == 2; }));
  EXPECT_EQ(stage.answers, (std::vector<bool>{false, false}));
  EXPECT_TRUE(std::any_of(stage.events.begin(), stage.events.end(), [](const event::Event& e) {
    return e.has_channel_refused() && e.channel_refused().channel() == 2;
  }));
}

TEST(TelnetWorker, ARefusedLoginIsToldAsOne) {
  Stage stage;
  stage.target_says("login: ");
  ASSERT_TRUE(stage.target_got("deploy"));
  stage.target_says("Password: ");
  ASSERT_TRUE(stage.until([&] { return stage.password_wanted; }));
  ipc::BrokerToTelnet message;
  message.mutable_password()->set_password(kSecret);
  stage.control(message);
  ASSERT_TRUE(stage.target_got(kSecret));
  stage.target_says("\r\nLogin incorrect\r\n");
  ASSERT_TRUE(stage.until([&] { return stage.ended.has_value(); }));
  EXPECT_EQ(stage.login, false);
  EXPECT_EQ(stage.everything.find(kSecret), std::string::npos);
}

TEST(TelnetWorker, ATargetThatAsksAgainHasRefused) {
  Stage stage;
  stage.target_says("Password: ");
  ASSERT_TRUE(stage.until([&] { return stage.password_wanted; }));
  ipc::BrokerToTelnet message;
  message.mutable_password()->set_password(kSecret);
  stage.control(message);
  ASSERT_TRUE(stage.target_got(kSecret));
  stage.target_says("\r\nlogin: ");
  ASSERT_TRUE(stage.until([&] { return stage.ended.has_value(); }));
  EXPECT_EQ(stage.login, false);
}

TEST(TelnetWorker, APasswordThatNobodyAskedForGoesNowhere) {
  Stage stage;
  ipc::BrokerToTelnet message;
  message.mutable_password()->set_password(kSecret);
  stage.control(message);
  ASSERT_TRUE(stage.until([&] { return stage.ended.has_value(); }));
  EXPECT_FALSE(stage.ended->clean());
  EXPECT_EQ(stage.at_target.find(kSecret), std::string::npos);
}

TEST(TelnetWorker, HostileTargetsEndTheirOwnSession) {
  std::string storm, names = "\xff\xfd\x18", endless = "\xff\xfa\x18";
  for (int i = 0; i < 5000; ++i) storm += i % 2 == 0 ? std::string("\xff\xfd\0", 3) : std::string("\xff\xfe\0", 3);
  for (int i = 0; i < 200; ++i) names += "\xff\xfa\x18\x01\xff\xf0";
  endless += std::string(100'000, 'x');
  for (const std::string& attack : {storm, names, endless}) {
    for (const bool live : {false, true}) {
      Stage stage;
      if (live) {
        stage.log_in();
        stage.open_shell();
      }
      stage.target_says(attack);
      ASSERT_TRUE(stage.until([&] { return stage.ended.has_value(); }));
      EXPECT_FALSE(stage.ended->clean());
      EXPECT_LT(stage.at_target.size(), 16'000u) << "the answers are bounded";
    }
  }
  Stage talker;
  talker.target_says(std::string(100'000, 'x'));
  ASSERT_TRUE(talker.until([&] { return talker.ended.has_value(); }));
}

TEST(TelnetWorker, ASlowUserHoldsTheTarget) {
  Stage stage;
  stage.log_in();
  stage.open_shell(100);
  const std::string chunk(4096, 'y');
  std::size_t taken = 0;
  for (int idle = 0; idle < 50;) {
    const ssize_t n = ::send(stage.target.get(), chunk.data(), chunk.size(), MSG_NOSIGNAL);
    n > 0 ? taken += static_cast<std::size_t>(n) : static_cast<std::size_t>(++idle);
    stage.step();
  }
  EXPECT_EQ(stage.at_user.size(), 100u);
  EXPECT_LT(taken, 2u << 20);
  ipc::BrokerToTelnet more;
  more.mutable_credit()->set_bytes(8 << 20);
  stage.control(more);
  const std::string greeting = "\r\nWelcome\r\nhost$ ";
  ASSERT_TRUE(stage.until([&] { return stage.at_user.size() == greeting.size() + taken; }));
  EXPECT_EQ(stage.at_user, greeting + std::string(taken, 'y'));
}

TEST(TelnetWorker, MoreThanWasGrantedEndsIt) {
  Stage stage;
  stage.log_in();
  stage.open_shell();
  stage.target_reads = false;
  for (int i = 0; i < 200 && !stage.ended; ++i) {
    stage.type(std::string(32 * 1024, 'z'));
    stage.step();
    if (stage.credit == 0) continue;
  }
  ASSERT_TRUE(stage.until([&] { return stage.ended.has_value(); }));
  EXPECT_FALSE(stage.ended->clean());
}

}  // namespace
}  // namespace sallyport::back::telnet
