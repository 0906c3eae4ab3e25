// SPDX-License-Identifier: Apache-2.0
// Bodies as a client may write them, for every route: whatever comes is a request or an error, and a text is UTF-8.
#include <cstdint>
#include <cstdlib>

#include "base/escape.h"
#include "broker/web/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::broker;
  if (size == 0) return 0;
  const auto all = web::routes();
  const web::Route& route = all[data[0] % all.size()];
  if (route.make == nullptr) return 0;
  sallyport::ipc::WebRequest asked;
  asked.set_body(data + 1, size - 1);
  web::Inputs inputs(asked, {"user", "alice"});
  const api::Request request = route.make(inputs);
  const auto finished = inputs.finish();
  if (!asked.body().empty()) std::abort();
  if (!finished) return 0;
  if (const auto* apply = std::get_if<api::Apply>(&request)) {
    for (const auto& item : apply->items) {
      if (!sallyport::base::is_utf8(item.json())) std::abort();
    }
  }
  return 0;
}
