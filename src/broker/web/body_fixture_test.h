// SPDX-License-Identifier: Apache-2.0
// Bodies as they reach the broker: read by the front's own reader.
#pragma once

#include <stdexcept>
#include <string_view>

#include "broker/web/body_tree.h"
#include "front/web/json_reader.h"

namespace sallyport::broker::web {

inline BodyTree body_of(std::string_view json) {
  BodyTree out(json.size());
  if (json.empty()) return out;
  front::web::JsonReader reader;
  ipc::WebBody part;
  reader.feed(base::view(json), part);
  reader.finish(part);
  part.set_last(true);
  if (!out.take(part)) throw std::logic_error("the front sends what no front sends");
  return out;
}

}  // namespace sallyport::broker::web
