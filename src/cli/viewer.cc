// SPDX-License-Identifier: Apache-2.0
// ppoll, read, write: all that a reader may do.
#include "cli/viewer.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "ipc/seqpacket.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxTaken = 256;  // a flood of events must not hide the keys

}  // namespace

void Viewer::take_screen() {
  const auto word = static_cast<char>(Word::screen);
  if (!base::write_all(orders_, base::view({&word, 1}))) left_ = true;
}

void Viewer::write(const std::string& bytes) {
  if (!base::write_all(out_, base::view(bytes))) left_ = true;
}

bool Viewer::take_resized() {
  return std::exchange(resized_, false);
}

bool Viewer::take_order(int timeout_ms) {
  if (left_) return false;
  pollfd wait{orders_, POLLIN, 0};
  const timespec patience{timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
  if (::ppoll(&wait, 1, &patience, nullptr) <= 0) return false;
  std::array<char, ipc::kMaxMessageBytes> message{};
  const ssize_t n = ::read(orders_, message.data(), message.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (n <= 0) {
    left_ = true;
    return false;
  }
  const std::string_view rest(message.data() + 1, static_cast<std::size_t>(n) - 1);
  switch (static_cast<Order>(message[0])) {
    case Order::key:
      if (!rest.empty()) keys_.push_back(static_cast<Key>(rest[0]));
      break;
    case Order::size: {
      if (rest.size() != 4) break;
      const auto at = [&](std::size_t i) { return static_cast<int>(static_cast<unsigned char>(rest[i])); };
      size_ = {at(0) + 256 * at(1), at(2) + 256 * at(3)};
      resized_ = true;
      break;
    }
    case Order::watched:
      watched_.emplace_back(rest);
      break;
    case Order::watch_end:
      watch_ended_ = true;
      break;
  }
  return true;
}

void Viewer::wait(int timeout_ms) {
  bool more = take_order(timeout_ms);
  for (std::size_t i = 0; more && i < kMaxTaken && watched_.size() < kMaxTaken; ++i) more = take_order(0);
}

Key Viewer::wait_key(int timeout_ms) {
  if (keys_.empty()) wait(timeout_ms);
  if (keys_.empty()) return Key::none;
  const Key key = keys_.front();
  keys_.pop_front();
  return key;
}

std::string Viewer::take_watched() {
  if (watched_.empty()) return {};
  std::string out = std::move(watched_.front());
  watched_.pop_front();
  return out;
}

}  // namespace sallyport::cli
