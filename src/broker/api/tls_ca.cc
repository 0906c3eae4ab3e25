// SPDX-License-Identifier: Apache-2.0
// ca show tls: what browsers need to know the portal by.
#include <nlohmann/json.hpp>
#include <sstream>

#include "broker/access/tls_authority.h"
#include "broker/api/handlers.h"

namespace sallyport::broker::api {

void show_tls_ca(const ExchangePtr& exchange) {
  exchange->answer_on(exchange->services().store_thread, [exchange]() -> base::Result<Answer> {
    auto authority = tls_authority(exchange->services().vault, exchange->services().clock);
    if (!authority) return base::pass(authority);
    Answer answer;
    std::istringstream lines(keys::to_pem(authority->certificate));
    for (std::string line; std::getline(lines, line);) {
      answer.add(nlohmann::ordered_json{{"line", line}}.dump());
    }
    return answer;
  });
}

}  // namespace sallyport::broker::api
