// SPDX-License-Identifier: Apache-2.0
// One token after the other, each weighed before it is kept.
#include "broker/web/body_tree.h"

#include <utility>

#include "base/bytes.h"
#include "base/escape.h"
#include "ipc/web_body.h"

namespace sallyport::broker::web {

namespace {

using Json = nlohmann::json;
using base::Errc;
using base::fail;

void wipe_texts(Json& json) {
  if (json.is_string()) {
    auto& text = json.get_ref<std::string&>();
    base::wipe(text.data(), text.size());
  } else if (json.is_structured()) {
    for (Json& child : json) wipe_texts(child);
  }
}

base::Status status_of(ipc::WebBodyFault fault) {
  switch (fault) {
    case ipc::WEB_BODY_GOOD:
      return {};
    case ipc::WEB_BODY_TOO_DEEP:
      return fail(Errc::invalid, "the body is nested too deeply");
    case ipc::WEB_BODY_NAME_TWICE:
      return fail(Errc::invalid, "the body has a key twice");
    case ipc::WEB_BODY_NAME_TOO_LONG:
      return fail(Errc::invalid,
                  "the body has a key of more than " + std::to_string(ipc::kMaxBodyNameBytes) + " bytes");
    case ipc::WEB_BODY_NO_WHOLE_NUMBER:
      return fail(Errc::invalid, "the body has a number that is not whole, or too large");
    case ipc::WEB_BODY_TOO_MANY_VALUES:
      return fail(Errc::invalid, "the body has more than " + std::to_string(ipc::kMaxBodyValues) + " values");
    case ipc::WEB_BODY_NO_OBJECT:
      return fail(Errc::invalid, "the body is no JSON object");
    default:
      return fail(Errc::invalid, "the body is no JSON");
  }
}

}  // namespace

BodyTree::~BodyTree() {
  wipe_texts(root_);
}

// Whole or not begun: nobody moves one whose containers are open.
BodyTree::BodyTree(BodyTree&& other) noexcept
    : left_(other.left_),
      values_(other.values_),
      root_(std::move(other.root_)),
      is_whole_(other.is_whole_),
      fault_(std::move(other.fault_)) {}

base::Status BodyTree::take(ipc::WebBody& part) {
  if (is_whole_) return fail(Errc::corrupt, "a part of a body after the last");
  base::Status taken;
  for (ipc::WebToken& token : *part.mutable_tokens()) {
    if (taken) taken = take_token(token);
    if (token.has_text()) base::wipe(token.mutable_text()->data(), token.text().size());
  }
  if (!taken) return taken;
  if (part.fault() != ipc::WEB_BODY_GOOD) {
    fault_ = status_of(part.fault());
    is_whole_ = true;
  } else if (part.last()) {
    if (values_ == 0 || !open_.empty() || text_ != nullptr) return fail(Errc::corrupt, "a body that is not whole");
    is_whole_ = true;
  }
  return {};
}

// Whatever a value is written as takes a byte at least, and a text or a name a byte for each of its own.
bool BodyTree::weigh(std::size_t bytes) {
  if (bytes > left_) return false;
  left_ -= bytes;
  return true;
}

base::Status BodyTree::take_token(ipc::WebToken& token) {
  using Kind = ipc::WebToken;
  if (!weigh(token.name().size() + (token.has_text() ? token.text().size() : 0) + (text_ == nullptr ? 1 : 0))) {
    return fail(Errc::corrupt, "a body larger than its client said");
  }
  if (text_ != nullptr) return continue_text(token);
  if (token.what_case() == Kind::kEnd) return end_container();
  if (token.what_case() == Kind::WHAT_NOT_SET) return fail(Errc::corrupt, "a value of no kind");
  if (++values_ > ipc::kMaxBodyValues) return fail(Errc::corrupt, "a body of too many values");
  Json* place = place_of(token);
  if (place == nullptr) return fail(Errc::corrupt, "a value where none may be");
  switch (token.what_case()) {
    case Kind::kFlag:
      *place = token.flag();
      break;
    case Kind::kNumber:
      // As a parser would have it: what is not below zero has no sign.
      if (token.number() < 0) *place = token.number();
      if (token.number() >= 0) *place = static_cast<std::uint64_t>(token.number());
      break;
    case Kind::kText:
      *place = token.text();
      if (token.more()) text_ = place;
      if (!token.more() && !base::is_utf8(token.text())) return fail(Errc::corrupt, "a text that is no UTF-8");
      break;
    case Kind::kList:
    case Kind::kObject:
      if (open_.size() == ipc::kMaxBodyDepth) return fail(Errc::corrupt, "a body nested too deeply");
      *place = token.has_list() ? Json::array() : Json::object();
      open_.push_back(place);
      break;
    default:
      break;  // null, which it is
  }
  return {};
}

base::Status BodyTree::continue_text(const ipc::WebToken& token) {
  if (!token.has_text() || !token.name().empty()) return fail(Errc::corrupt, "a text that breaks off");
  auto& text = text_->get_ref<std::string&>();
  text += token.text();
  if (token.more()) return {};
  if (!base::is_utf8(text)) return fail(Errc::corrupt, "a text that is no UTF-8");
  text_ = nullptr;
  return {};
}

base::Status BodyTree::end_container() {
  if (open_.empty()) return fail(Errc::corrupt, "an end of nothing");
  open_.pop_back();
  return {};
}

// A place in a list moves when the list grows; but no list grows while something in it is open.
Json* BodyTree::place_of(const ipc::WebToken& token) {
  if (open_.empty()) return values_ == 1 && token.has_object() && token.name().empty() ? &root_ : nullptr;
  Json& parent = *open_.back();
  if (parent.is_array()) {
    if (!token.name().empty()) return nullptr;
    return &parent.emplace_back(nullptr);
  }
  if (!base::is_utf8(token.name()) || token.name().size() > ipc::kMaxBodyNameBytes) return nullptr;
  const auto [at, is_new] = parent.emplace(token.name(), nullptr);
  return is_new ? &*at : nullptr;
}

}  // namespace sallyport::broker::web
