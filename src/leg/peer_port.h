// SPDX-License-Identifier: Apache-2.0
// The peer's connection, as the life of a worker moves it. Untrusted side.
#pragma once

namespace sallyport::leg {

class PeerPort {
 public:
  virtual ~PeerPort() = default;
  /// Writes what is there and the socket takes.
  virtual void flush() = 0;
  /// True when some went out since the last call: there is room for more.
  virtual bool take_room() = 0;
  /// The peer may be read again, or waits no longer for an answer.
  virtual void wake() = 0;
  /// Reads no more; what is queued still goes out.
  virtual void stop_reading() = 0;
  /// Nothing left to write, or nobody to write to.
  virtual bool drained() const = 0;
  /// Input or output since the last call.
  virtual bool take_activity() = 0;
};

}  // namespace sallyport::leg
