// SPDX-License-Identifier: Apache-2.0
// A client that sends any frames to a terminal, and a broker that gives room and output now and then: what goes to the
// broker is never more than there was room for, nor more taken than was shown, and a secret goes nowhere else. Input:
// pairs of a kind and a length, each followed by so many bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "front/web/terminal_frame.h"
#include "front/web/terminal_socket.h"
#include "ipc/message_kind.h"
#include "ipc/web.pb.h"

namespace {

using namespace sallyport;
using front::web::TerminalSocket;
using front::web::WebSocket;

void must(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t room = 0;
  std::uint64_t shown = 0;
  bool asked = false;
  WebSocket socket([](WebSocket::Kind, base::ByteView) {});
  TerminalSocket terminal(1, socket, [&](const ipc::WebToBroker& message) {
    if (message.has_typed()) {
      must(!message.typed().bytes().empty() && message.typed().bytes().size() <= room);
      must(message.typed().bytes().size() <= ipc::kMaxDataBytes);
      room -= message.typed().bytes().size();
    } else if (message.has_taken()) {
      must(message.taken().bytes() > 0 && message.taken().bytes() <= shown);
      shown -= message.taken().bytes();
    } else if (message.has_resize()) {
      must(message.resize().columns() > 0 && message.resize().columns() <= front::web::kMaxTerminalColumns);
      must(message.resize().rows() > 0 && message.resize().rows() <= front::web::kMaxTerminalRows);
    } else {
      must(message.has_proof() && asked && message.proof().secret().size() <= leg::PasswordPrompt::kMaxBytes);
    }
  });
  base::Bytes output;
  while (size >= 2 && !terminal.ended()) {
    const std::uint8_t kind = data[0];
    const std::size_t length = std::min<std::size_t>(data[1], size - 2);
    const base::ByteView bytes(data + 2, length);
    data += 2 + length;
    size -= 2 + length;
    ipc::BrokerToWeb message;
    switch (kind % 8) {
      case 0:
        if (!terminal.holds()) must(terminal.frame(WebSocket::Kind::binary, bytes).has_value());
        break;
      case 1:
        (void)terminal.frame(WebSocket::Kind::text, bytes);
        break;
      case 2:
        room += length;
        message.mutable_room()->set_bytes(static_cast<std::uint32_t>(length));
        must(terminal.message(message).has_value());
        break;
      case 3:
        shown += length;
        message.mutable_screen()->set_bytes(bytes.data(), length);
        must(terminal.message(message).has_value());
        break;
      case 4:
        asked = true;
        message.mutable_ask()->set_prompt(bytes.data(), length);
        must(terminal.message(message).has_value());
        break;
      case 5:
        message.mutable_state()->set_words(bytes.data(), length);
        message.mutable_state()->set_goes_on(length % 2 == 1);
        must(terminal.message(message).has_value());
        break;
      case 6:
        message.mutable_greeting()->set_text(bytes.data(), length);
        must(terminal.message(message).has_value());
        break;
      default:
        terminal.left_over(length);
        break;
    }
    must(socket.take_output(output).has_value());
    output.clear();
  }
  return 0;
}
