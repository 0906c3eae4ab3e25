// SPDX-License-Identifier: Apache-2.0
// Bodies in pieces. What the reader makes of one is what a parser of another origin makes of it, and it takes nothing
// that this parser does not take; a message of its tokens fits the broker's bound.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "front/web/json_reader.h"
#include "ipc/web.pb.h"
#include "ipc/web_body.h"

namespace {

using namespace sallyport;
using Json = nlohmann::json;

void must(bool good) {
  if (!good) std::abort();
}

// From tokens to what they mean.
struct Tree {
  Json root;
  std::vector<Json*> open;
  Json* text = nullptr;

  void take(const ipc::WebToken& token) {
    if (text != nullptr) {
      must(token.has_text() && token.name().empty());
      text->get_ref<std::string&>() += token.text();
      if (!token.more()) text = nullptr;
      return;
    }
    if (token.has_end()) return open.pop_back();
    Json* place = &root;
    if (!open.empty() && open.back()->is_array()) place = &open.back()->emplace_back(nullptr);
    if (!open.empty() && open.back()->is_object()) {
      must(!open.back()->contains(token.name()));
      place = &(*open.back())[token.name()];
    }
    if (token.has_flag()) *place = token.flag();
    if (token.has_number()) *place = token.number();
    if (token.has_text()) *place = token.text();
    if (token.has_text() && token.more()) text = place;
    if (token.has_list()) *place = Json::array();
    if (token.has_object()) *place = Json::object();
    if (token.has_list() || token.has_object()) open.push_back(place);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} * 32 + 1;
  const base::ByteView json(data + 1, size - 1);
  front::web::JsonReader reader;
  Tree tree;
  ipc::WebBodyFault fault = ipc::WEB_BODY_GOOD;
  for (std::size_t at = 0; at <= json.size() && fault == ipc::WEB_BODY_GOOD; at += piece) {
    ipc::WebBody part;
    reader.feed(json.subspan(at, std::min(piece, json.size() - at)), part);
    if (at + piece > json.size()) reader.finish(part);
    must(part.ByteSizeLong() < 60 * 1024);
    must(part.fault() == ipc::WEB_BODY_GOOD || part.tokens_size() == 0);
    fault = part.fault();
    for (const ipc::WebToken& token : part.tokens()) tree.take(token);
  }
  const Json other = Json::parse(json.begin(), json.end(), nullptr, false);
  if (fault == ipc::WEB_BODY_GOOD) {
    must(tree.open.empty() && tree.text == nullptr && tree.root.is_object());
    must(tree.root == other);
  }
  if (fault == ipc::WEB_BODY_NO_JSON) must(other.is_discarded());
  return 0;
}
