// SPDX-License-Identifier: Apache-2.0
// Where a part of the broker writes audit events. Trusted side; what stands behind it neither blocks nor fails.
#pragma once

#include "audit/log.h"

namespace sallyport::broker {

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  virtual void write(audit::Event event) = 0;
};

}  // namespace sallyport::broker
