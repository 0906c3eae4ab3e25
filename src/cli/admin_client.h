// SPDX-License-Identifier: Apache-2.0
// The command line's half of the admin socket. Trusted side; it blocks, with a bound where the broker should answer.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace sallyport::ipc {
class AdminReply;
class AdminRequest;
}  // namespace sallyport::ipc

namespace sallyport::cli {

/// A whole answer: JSON objects, and what the broker said at the end.
struct Answer {
  std::vector<std::string> items;
  std::vector<std::int64_t> versions;  ///< of the items, where they are resources; else 0
  std::string done;
};

class AdminClient {
 public:
  /// Errors: closed (nobody listens there), denied; in words that say what to do.
  static base::Result<AdminClient> connect(const std::string& socket_path, const std::string& service_group);

  base::Status send(const ipc::AdminRequest& request);
  /// The next reply and its descriptors. Errors: the broker's own when it answers with a failure; closed; timeout
  /// (timeout_ms without a message; negative: no bound).
  base::Result<ipc::AdminReply> receive(int timeout_ms, std::vector<base::Fd>* fds = nullptr);
  /// send(), then everything up to the end.
  base::Result<Answer> ask(const ipc::AdminRequest& request);
  /// ask(), expecting at least one item: the first.
  base::Result<std::string> ask_one(const ipc::AdminRequest& request);
  int fd() const { return fd_.get(); }

 private:
  explicit AdminClient(base::Fd fd) : fd_(std::move(fd)) {}
  base::Fd fd_;
};

}  // namespace sallyport::cli
