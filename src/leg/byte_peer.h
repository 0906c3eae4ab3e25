// SPDX-License-Identifier: Apache-2.0
// The peer's socket for a protocol whose codec takes bytes and leaves bytes: reads when it may, writes what waits.
// Untrusted side; it never blocks and understands nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "leg/loop.h"
#include "leg/peer_port.h"

namespace sallyport::leg {

enum class BytePeerEnd : std::uint8_t {
  closed,  ///< it closed its socket
  lost,    ///< the socket failed
  breach,  ///< the handler took the bytes for a breach
};

class BytePeerHandler {
 public:
  virtual ~BytePeerHandler() = default;
  /// Valid during the call. An error ends the connection as a breach.
  virtual base::Status peer_bytes(base::ByteView bytes) = 0;
  /// Once; nothing is read afterwards.
  virtual void peer_ended(BytePeerEnd end, std::string_view text) = 0;
  /// True: take nothing from the peer now.
  virtual bool peer_held() = 0;
};

class BytePeer final : public PeerPort {
 public:
  /// fd is not owned. output: what waits to be written, taken away from its front. All must outlive the peer.
  BytePeer(Loop& loop, int fd, base::Bytes& output, BytePeerHandler& handler);
  ~BytePeer() override;
  BytePeer(const BytePeer&) = delete;
  BytePeer& operator=(const BytePeer&) = delete;

  /// After a hang-up: reads what is left, as far as the handler takes it. To be called before every wait.
  void resume();
  /// Tells the loop what to wait for; the last step before every wait.
  Loop::Before arm();
  bool reading() const { return reading_; }

  void flush() override;
  bool take_room() override;
  void wake() override {}  // arm() looks each time
  void stop_reading() override { reading_ = false; }
  bool drained() const override { return !writing_ || output_.empty(); }
  bool take_activity() override;

 private:
  void ready(short revents);
  bool read_some();
  void end(BytePeerEnd how, std::string_view text);

  Loop& loop_;
  const int fd_;
  base::Bytes& output_;
  BytePeerHandler& handler_;
  std::optional<Loop::WatchId> watch_;  // none once the socket hung up: it would be reported for ever
  bool reading_ = true;
  bool writing_ = true;
  bool made_room_ = false;
  bool active_ = false;
};

}  // namespace sallyport::leg
