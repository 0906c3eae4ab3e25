// SPDX-License-Identifier: Apache-2.0
// What a worker leaves behind in the broker's memory.
#include "broker/node/worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <future>
#include <sstream>
#include <vector>

#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {
namespace {

// More than vector registers hold, which the dynamic linker saves on the stack.
constexpr std::size_t kSecretBytes = 512;

// In memory the secret is only where the broker puts it: the test computes it byte by byte.
char secret_at(std::size_t i) {
  return static_cast<char>(i * i * 7 + i * 13 + 0x91);
}

bool is_secret(const char* bytes) {
  for (std::size_t i = 0; i < kSecretBytes; ++i) {
    if (bytes[i] != secret_at(i)) return false;
  }
  return true;
}

/// How often the secret stands in this process's writable memory.
int copies_of_secret() {
  static std::vector<char> block(1 << 20);
  int found = 0;
  const base::Fd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::string mode;
    words >> std::hex >> from >> dash >> to >> mode;
    if (mode.rfind("rw", 0) != 0 || to - from > (std::uintptr_t{1} << 32)) continue;
    while (from < to) {
      const ssize_t got =
          ::pread(memory.get(), block.data(), std::min<std::size_t>(block.size(), to - from), static_cast<off_t>(from));
      if (got < static_cast<ssize_t>(kSecretBytes)) break;
      const auto own = reinterpret_cast<std::uintptr_t>(block.data());
      for (std::size_t i = 0; i + kSecretBytes <= static_cast<std::size_t>(got); ++i) {
        if (from + i + kSecretBytes > own && from + i < own + block.size()) continue;
        if (block[i] == secret_at(0) && is_secret(block.data() + i)) ++found;
      }
      std::memset(block.data(), 0, block.size());
      from += static_cast<std::size_t>(got) < block.size() ? static_cast<std::size_t>(got)
                                                           : block.size() - kSecretBytes + 1;
    }
  }
  return found;
}

SpawnedWorker worker_that_reads_nothing(base::Fd socket) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (;;) ::pause();
  }
  return {pid, base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))), std::move(socket)};
}

TEST(Worker, WhatItNeverTookIsWipedWhenItGoes) {
  auto pair = ipc::make_socket_pair();
  ASSERT_TRUE(pair) << pair.message();
  SpawnedWorker spawned = worker_that_reads_nothing(std::move(pair->broker));  // before there are threads
  SessionThread thread(0);
  const auto on_loop = [&](const std::function<void()>& work) {
    std::promise<void> done;
    thread.loop().post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  };
  std::unique_ptr<Worker> worker;
  on_loop([&] {
    worker = std::make_unique<Worker>(thread, std::move(spawned));
    worker->start({[](ipc::MessageKind, base::ByteView) {}, [](const std::string&) {}, [] {}});
    const base::Bytes filling(60'000, 'x');
    while (!worker->congested()) worker->send_event(filling);
    ipc::BrokerToBack message;
    std::string& request = *message.mutable_login_step()->mutable_userauth_request();
    constexpr std::size_t head = 64;  // whoever frees memory writes into its first bytes
    request.assign(head + kSecretBytes, 'x');
    for (std::size_t i = 0; i < kSecretBytes; ++i) request[head + i] = secret_at(i);
    worker->send_control(message);
    base::wipe(request.data(), request.size());
  });
  EXPECT_EQ(copies_of_secret(), 1) << "in the queue";
  on_loop([&] { worker.reset(); });
  EXPECT_EQ(copies_of_secret(), 0);
}

}  // namespace
}  // namespace sallyport::broker
