// SPDX-License-Identifier: Apache-2.0
// Messages, descriptors and everything that must be refused, over real sockets.
#include "ipc/seqpacket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace sallyport::ipc {
namespace {

using base::Bytes;
using base::Errc;

std::size_t open_fds() {
  std::size_t n = 0;
  for (int fd = 0; fd < 256; ++fd) n += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return n;
}

struct Seqpacket : ::testing::Test {
  SocketPair pair = std::move(make_socket_pair().value());
  Bytes buffer = Bytes(kMaxMessageBytes);
  std::array<base::Fd, 2> fds;
};

TEST_F(Seqpacket, EndsAreNonBlockingAndCloseOnExec) {
  for (const int fd : {pair.broker.get(), pair.worker.get()}) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
}

TEST_F(Seqpacket, KeepsMessagesApart) {
  EXPECT_EQ(send(pair.worker.get(), base::view("one")).value(), Transfer::done);
  EXPECT_EQ(send(pair.worker.get(), base::view("second")).value(), Transfer::done);
  auto r = receive(pair.broker.get(), buffer);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->transfer, Transfer::done);
  EXPECT_EQ(base::text({buffer.data(), r->bytes}), "one");
  r = receive(pair.broker.get(), buffer);
  EXPECT_EQ(base::text({buffer.data(), r->bytes}), "second");
  EXPECT_EQ(receive(pair.broker.get(), buffer)->transfer, Transfer::would_block);
}

TEST_F(Seqpacket, TakesTheLargestMessageAndNoLarger) {
  const Bytes largest(kMaxMessageBytes, 7);
  EXPECT_EQ(send(pair.worker.get(), largest).value(), Transfer::done);
  EXPECT_EQ(receive(pair.broker.get(), buffer)->bytes, kMaxMessageBytes);
  const Bytes larger(kMaxMessageBytes + 1, 7);
  EXPECT_EQ(send(pair.worker.get(), larger).error().code, Errc::invalid);
  EXPECT_EQ(send(pair.worker.get(), {}).error().code, Errc::invalid);
}

TEST_F(Seqpacket, ALongerMessageThanTheBufferIsAnError) {
  EXPECT_EQ(send(pair.worker.get(), Bytes(100, 1)).value(), Transfer::done);
  std::array<std::uint8_t, 99> small;
  EXPECT_EQ(receive(pair.broker.get(), small).error().code, Errc::invalid);
}

TEST_F(Seqpacket, AnEmptyMessageReadsAsTheEnd) {
  ASSERT_EQ(::send(pair.worker.get(), "", 0, 0), 0);
  EXPECT_EQ(receive(pair.broker.get(), buffer)->transfer, Transfer::closed);
}

TEST_F(Seqpacket, WhatWasSentBeforeTheEndIsStillRead) {
  EXPECT_EQ(send(pair.worker.get(), base::view("last")).value(), Transfer::done);
  pair.worker.reset();
  EXPECT_EQ(receive(pair.broker.get(), buffer)->bytes, 4u);
  EXPECT_EQ(receive(pair.broker.get(), buffer)->transfer, Transfer::closed);
  EXPECT_EQ(send(pair.broker.get(), base::view("x")).value(), Transfer::closed);
}

TEST_F(Seqpacket, AFullSocketWouldBlockAndLosesNothing) {
  const Bytes message(60000, 3);
  int sent = 0;
  for (;; ++sent) {
    auto r = send(pair.worker.get(), message);
    ASSERT_TRUE(r) << r.message();
    if (*r == Transfer::would_block) break;
    ASSERT_LT(sent, 1000);
  }
  EXPECT_GE(sent, 1);
  for (int i = 0; i < sent; ++i) EXPECT_EQ(receive(pair.broker.get(), buffer)->bytes, message.size());
  EXPECT_EQ(send(pair.worker.get(), message).value(), Transfer::done);
}

TEST_F(Seqpacket, PassesDescriptorsCloseOnExec) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  base::Fd reading(pipe_ends[0]);
  base::Fd writing(pipe_ends[1]);
  const std::array<int, 2> passed{reading.get(), writing.get()};
  EXPECT_EQ(send_with_fds(pair.broker.get(), base::view("take these"), passed).value(), Transfer::done);
  auto r = receive(pair.worker.get(), buffer, fds);
  ASSERT_TRUE(r);
  ASSERT_EQ(r->fds, 2u);
  EXPECT_TRUE(::fcntl(fds[0].get(), F_GETFD) & FD_CLOEXEC);
  ASSERT_EQ(::write(fds[1].get(), "y", 1), 1);
  char c = 0;
  ASSERT_EQ(::read(reading.get(), &c, 1), 1);
  EXPECT_EQ(c, 'y');
}

TEST_F(Seqpacket, UnexpectedDescriptorsAreClosedAndAnError) {
  const std::array<int, 4> passed{0, 1, 2, 0};
  const std::size_t before = open_fds();
  EXPECT_EQ(send_with_fds(pair.worker.get(), base::view("a"), passed).value(), Transfer::done);
  EXPECT_EQ(receive(pair.broker.get(), buffer, fds).error().code, Errc::invalid);  // four where two may come
  EXPECT_EQ(open_fds(), before);
  EXPECT_FALSE(fds[0]);
  EXPECT_EQ(send_with_fds(pair.worker.get(), base::view("a"), std::span(passed).first(1)).value(), Transfer::done);
  EXPECT_EQ(receive(pair.broker.get(), buffer).error().code, Errc::invalid);  // one where none may come
  EXPECT_EQ(open_fds(), before);
  const std::array<int, 5> many{0, 0, 0, 0, 0};
  EXPECT_EQ(send_with_fds(pair.worker.get(), base::view("a"), many).error().code, Errc::invalid);
}

// What a worker could do with sendmsg if its sandbox let it: far more descriptors than the control buffer holds.
TEST_F(Seqpacket, AFloodOfDescriptorsIsClosedAndAnError) {
  constexpr std::size_t kMany = 100;
  std::vector<int> many(kMany, 0);
  alignas(cmsghdr) char control[CMSG_SPACE(kMany * sizeof(int))] = {};
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(kMany * sizeof(int));
  std::copy(many.begin(), many.end(), reinterpret_cast<int*>(CMSG_DATA(c)));
  const std::size_t before = open_fds();
  ASSERT_EQ(::sendmsg(pair.worker.get(), &header, 0), 1);
  EXPECT_EQ(receive(pair.broker.get(), buffer, fds).error().code, Errc::invalid);
  EXPECT_EQ(open_fds(), before);
}

TEST_F(Seqpacket, CredentialsAreForeignHere) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(pair.broker.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
  EXPECT_EQ(send(pair.worker.get(), base::view("who am I")).value(), Transfer::done);
  EXPECT_EQ(receive(pair.broker.get(), buffer, fds).error().code, Errc::invalid);
}

}  // namespace
}  // namespace sallyport::ipc
