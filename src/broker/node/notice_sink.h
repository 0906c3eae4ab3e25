// SPDX-License-Identifier: Apache-2.0
// Where news of requests and changes goes, for people who must decide them. Trusted side; any thread may tell, and
// nobody ever waits for it.
#pragma once

#include <string>

namespace sallyport::broker {

class NoticeSink {
 public:
  virtual ~NoticeSink() = default;
  /// kind: of the audit event, "request.create". object: JSON, of the request or the change.
  virtual void tell(const std::string& kind, const std::string& object) = 0;
  /// Whether anybody is told: what nobody hears need not be worded.
  virtual bool listens() const = 0;
};

}  // namespace sallyport::broker
