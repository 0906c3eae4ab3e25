// SPDX-License-Identifier: Apache-2.0
// Every operation on the gateway, once: a way into it brings a caller, a request and a sink for the answer. Trusted
// side, on the main loop. It knows no socket; no operation runs before the caller's roles were looked at.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "broker/api/caller.h"
#include "broker/api/exchange.h"
#include "broker/api/reply_sink.h"
#include "broker/api/request.h"
#include "broker/node/services.h"
#include "net/executor.h"

namespace sallyport::broker::api {

class Api {
 public:
  Api(Services& services, NodeFacts facts);
  /// Every way in must have let go of its exchanges. The loop and the services must still be there.
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Begins; the answer goes to the sink, perhaps before this returns. Keep the exchange until it is finished, and
  /// abandon() it when the caller has left.
  ExchangePtr begin(Caller caller, Request request, std::shared_ptr<ReplySink> sink);

 private:
  // Reading files, which a stalled disk holds up; and walks over the whole audit log, which take minutes.
  net::Executor files_;
  net::Executor walks_;
  std::shared_ptr<const Context> context_;
};

}  // namespace sallyport::broker::api
