// SPDX-License-Identifier: Apache-2.0
// Bodies as a front that was taken over may send them, for every route: whatever comes is a request or an error, and a
// resource is written out in UTF-8.
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
  sallyport::ipc::WebBody body;
  if (!body.ParseFromArray(data + 1, static_cast<int>(size - 1))) return 0;
  web::BodyTree tree(route.max_body);
  // A part of it, then the same again: what goes on where something is open.
  if (!body.last() && !tree.take(body)) return 0;
  body.set_last(true);
  if (!tree.take(body)) return 0;
  // A number of one byte may be written out in twenty.
  if (tree.has_object() && tree.root().dump().size() > 24 * route.max_body + 64) std::abort();
  const sallyport::ipc::WebRequest asked;
  web::Inputs inputs(asked, std::move(tree), {"user", "alice"});
  const api::Request request = route.make(inputs);
  const auto finished = inputs.finish();
  if (!finished) return 0;
  if (const auto* apply = std::get_if<api::Apply>(&request)) {
    for (const auto& item : apply->items) {
      if (!sallyport::base::is_utf8(item.json())) std::abort();
    }
  }
  return 0;
}
