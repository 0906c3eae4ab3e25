// SPDX-License-Identifier: Apache-2.0
// What the broker does first with a worker's message, and both ends of the admin socket with theirs: receive it through
// a real socket, look at its kind, decode it.
#include <google/protobuf/stubs/logging.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/event.pb.h"
#include "ipc/admin.pb.h"
#include "ipc/inspector.pb.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "ipc/ssh_back.pb.h"
#include "ipc/ssh_front.pb.h"
#include "ipc/telnet.pb.h"
#include "ipc/zygote.pb.h"

namespace sallyport::ipc {
namespace {

/// Decoding what was encoded again gives the same bytes: nothing depends on leftovers.
template <class Message>
void decode(base::ByteView bytes) {
  Message first;
  if (!first.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const std::string encoded = first.SerializeAsString();
  Message second;
  if (!second.ParseFromString(encoded) || second.SerializeAsString() != encoded) std::abort();
}

void decode_any(base::ByteView message) {
  const auto body = message.subspan(1);
  if (message[0] == static_cast<std::uint8_t>(MessageKind::event)) return decode<event::Event>(body);
  decode<FrontToBroker>(body);
  decode<BackToBroker>(body);
  decode<InspectorToBroker>(body);
  decode<BrokerToFront>(body);
  decode<BrokerToInspector>(body);
  decode<BrokerToBack>(body);
  decode<TelnetToBroker>(body);
  decode<BrokerToTelnet>(body);
  decode<SpawnRequest>(body);
  decode<ZygoteReply>(body);
  // The admin socket frames nothing: a message is the request or the reply itself.
  decode<AdminRequest>(message);
  decode<AdminReply>(message);
}

}  // namespace
}  // namespace sallyport::ipc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  google::protobuf::SetLogHandler(nullptr);  // a line for every refused message would be most of the work
  static const ipc::SocketPair pair = std::move(ipc::make_socket_pair().value());
  static std::array<std::uint8_t, ipc::kMaxMessageBytes> buffer;
  auto sent = ipc::send(pair.worker.get(), {data, size});
  if (size == 0 || size > ipc::kMaxMessageBytes) {
    if (sent) std::abort();
    return 0;
  }
  auto got = ipc::receive(pair.broker.get(), buffer);
  if (!sent || !got || got->transfer != ipc::Transfer::done || got->bytes != size) std::abort();
  ipc::decode_any({buffer.data(), got->bytes});
  return 0;
}
