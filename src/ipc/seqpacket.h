// SPDX-License-Identifier: Apache-2.0
// Messages over SOCK_SEQPACKET, the only transport between the broker and its workers. Both sides of the trust line use
// it, so nothing here may allocate, block, or accept a descriptor or a byte more than the caller made room for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "ipc/message_kind.h"

namespace sallyport::ipc {

/// Descriptors with one message; the broker sends at most three (a ring and its two doorbells).
inline constexpr std::size_t kMaxMessageFds = 4;

/// Two connected ends, close-on-exec and non-blocking.
struct SocketPair {
  base::Fd broker;
  base::Fd worker;
};

/// Makes a pair and raises both send buffers towards send_buffer_bytes (the kernel may grant less: back-pressure then
/// begins earlier, nothing else changes). Broker only: a worker's sandbox refuses every call in it.
base::Result<SocketPair> make_socket_pair(std::size_t send_buffer_bytes = 1 << 20);

enum class Transfer {
  done,         ///< the whole message went or came
  would_block,  ///< nothing happened: poll and try again
  closed,       ///< the peer is gone, or sent an empty message
};

/// Sends one message without descriptors (sendto with a null address, all that a worker's sandbox allows). Never
/// blocks, never raises SIGPIPE. Errors: Errc::invalid for a bad size, Errc::io for anything that waiting does not
/// cure.
base::Result<Transfer> send(int fd, base::ByteView message);

/// The same with up to kMaxMessageFds descriptors, which stay the caller's. Broker only (sendmsg).
base::Result<Transfer> send_with_fds(int fd, base::ByteView message, std::span<const int> fds);

struct Received {
  Transfer transfer = Transfer::would_block;
  std::size_t bytes = 0;  ///< at the start of the buffer
  std::size_t fds = 0;    ///< at the start of the array, close-on-exec
};

/// Receives one message; never blocks. Errors are final, the connection must be dropped: Errc::invalid when the message
/// did not fit the buffer or brought more descriptors than `fds` has room for (all of them are closed) or foreign
/// ancillary data; Errc::io otherwise. The buffer should have kMaxMessageBytes.
base::Result<Received> receive(int fd, std::span<std::uint8_t> buffer, std::span<base::Fd> fds = {});

}  // namespace sallyport::ipc
