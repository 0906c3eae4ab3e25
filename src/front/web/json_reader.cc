// SPDX-License-Identifier: Apache-2.0
// One state machine for what stands between values, one for what is inside them.
#include "front/web/json_reader.h"

#include <algorithm>
#include <charconv>

#include "ipc/web.pb.h"
#include "ipc/web_body.h"

namespace sallyport::front::web {

namespace {

// The longest number of 64 bits with its sign, and one more to see that it is too long.
constexpr std::size_t kNumberBytes = 21;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void wipe(std::string& text) {
  base::wipe(text.data(), text.size());
  text.clear();
}

}  // namespace

void wipe_texts(ipc::WebBody& body) {
  for (ipc::WebToken& token : *body.mutable_tokens()) {
    if (token.has_text()) base::wipe(token.mutable_text()->data(), token.text().size());
  }
}

// It never grows, so that growth leaves no copy of a secret behind.
JsonReader::JsonReader() {
  text_.reserve(ipc::kMaxBodyTextBytes);
}

JsonReader::~JsonReader() {
  wipe(text_);
}

bool JsonReader::refuse(ipc::WebBodyFault fault) {
  if (fault_ == ipc::WEB_BODY_GOOD) fault_ = fault;
  wipe(text_);
  return false;
}

void JsonReader::feed(base::ByteView bytes, ipc::WebBody& out) {
  bool good = fault_ == ipc::WEB_BODY_GOOD;
  for (std::size_t i = 0; good && i < bytes.size(); ++i) good = take(static_cast<char>(bytes[i]), out);
  say_fault(out);
}

void JsonReader::finish(ipc::WebBody& out) {
  if (inside_ != Inside::nothing || expect_ != Expect::nothing) (void)refuse(ipc::WEB_BODY_NO_JSON);
  say_fault(out);
}

// A tree that is not whole is of no use, and what it holds so far may be secret.
void JsonReader::say_fault(ipc::WebBody& out) const {
  if (fault_ == ipc::WEB_BODY_GOOD) return;
  wipe_texts(out);
  out.clear_tokens();
  out.set_fault(fault_);
}

bool JsonReader::take(char c, ipc::WebBody& out) {
  switch (inside_) {
    case Inside::nothing:
      return take_between(c, out);
    case Inside::text:
      return take_text(c, out);
    case Inside::escape:
      return take_escape(c);
    case Inside::hex:
      return take_hex(c);
    case Inside::number:
      return take_number(c, out);
    case Inside::word:
      return take_word(c, out);
  }
  return false;
}

bool JsonReader::take_between(char c, ipc::WebBody& out) {
  if (is_space(c)) return true;
  switch (expect_) {
    case Expect::value_or_end:
      if (c == ']') return end_container(c, out);
      return begin_value(c, out);
    case Expect::value:
      return begin_value(c, out);
    case Expect::name_or_end:
      if (c == '}') return end_container(c, out);
      [[fallthrough]];
    case Expect::name:
      if (c != '"') return refuse(ipc::WEB_BODY_NO_JSON);
      inside_ = Inside::text;
      text_is_name_ = true;
      return true;
    case Expect::colon:
      if (c != ':') return refuse(ipc::WEB_BODY_NO_JSON);
      expect_ = Expect::value;
      return true;
    case Expect::comma_or_end:
      if (c != ',') return end_container(c, out);
      expect_ = open_.back() == '{' ? Expect::name : Expect::value;
      return true;
    case Expect::nothing:
      break;
  }
  return refuse(ipc::WEB_BODY_NO_JSON);
}

bool JsonReader::begin_value(char c, ipc::WebBody& out) {
  if (open_.empty() && c != '{') return refuse(ipc::WEB_BODY_NO_OBJECT);
  if (++values_ > ipc::kMaxBodyValues) return refuse(ipc::WEB_BODY_TOO_MANY_VALUES);
  if (c == '"') {
    inside_ = Inside::text;
    text_is_name_ = false;
    return true;
  }
  if (c == '-' || is_digit(c)) {
    inside_ = Inside::number;
    text_ = c;
    return true;
  }
  if (c == 't' || c == 'f' || c == 'n') {
    inside_ = Inside::word;
    text_ = c;
    word_ = c == 't' ? "true" : c == 'f' ? "false" : "null";
    return true;
  }
  if (c != '[' && c != '{') return refuse(ipc::WEB_BODY_NO_JSON);
  if (open_.size() == ipc::kMaxBodyDepth) return refuse(ipc::WEB_BODY_TOO_DEEP);
  ipc::WebToken* token = add_value(out);
  if (c == '[') token->set_list(true);
  if (c == '{') token->set_object(true);
  open_.push_back(c);
  if (c == '{') names_.emplace_back();
  expect_ = c == '[' ? Expect::value_or_end : Expect::name_or_end;
  return true;
}

bool JsonReader::end_container(char c, ipc::WebBody& out) {
  if (c != (open_.back() == '[' ? ']' : '}')) return refuse(ipc::WEB_BODY_NO_JSON);
  if (open_.back() == '{') names_.pop_back();
  open_.pop_back();
  out.add_tokens()->set_end(true);
  after_value();
  return true;
}

ipc::WebToken* JsonReader::add_value(ipc::WebBody& out) {
  ipc::WebToken* token = out.add_tokens();
  if (!open_.empty() && open_.back() == '{') token->set_name(name_);
  return token;
}

void JsonReader::after_value() {
  inside_ = Inside::nothing;
  expect_ = open_.empty() ? Expect::nothing : Expect::comma_or_end;
}

// Numbers and words hold no secret of their own, but what is none may begin like one.
bool JsonReader::take_word(char c, ipc::WebBody& out) {
  text_ += c;
  if (text_ != word_.substr(0, text_.size())) return refuse(ipc::WEB_BODY_NO_JSON);
  if (text_.size() < word_.size()) return true;
  ipc::WebToken* token = add_value(out);
  if (word_ == "null") token->set_null(true);
  if (word_ != "null") token->set_flag(word_ == "true");
  text_.clear();
  after_value();
  return true;
}

// A number has no end of its own: what follows it ends it.
bool JsonReader::take_number(char c, ipc::WebBody& out) {
  if (is_digit(c)) {
    if (text_ == "0" || text_ == "-0") return refuse(ipc::WEB_BODY_NO_JSON);
    if (text_.size() == kNumberBytes) return refuse(ipc::WEB_BODY_NO_WHOLE_NUMBER);
    text_ += c;
    return true;
  }
  if (text_ == "-") return refuse(ipc::WEB_BODY_NO_JSON);
  if (c == '.' || c == 'e' || c == 'E') return refuse(ipc::WEB_BODY_NO_WHOLE_NUMBER);
  return end_number(out) && take_between(c, out);
}

bool JsonReader::end_number(ipc::WebBody& out) {
  std::int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto [at, error] = std::from_chars(text_.data(), end, value);
  if (error != std::errc() || at != end) return refuse(ipc::WEB_BODY_NO_WHOLE_NUMBER);
  add_value(out)->set_number(value);
  wipe(text_);
  after_value();
  return true;
}

bool JsonReader::take_text(char c, ipc::WebBody& out) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (high_ != 0 && c != '\\') return refuse(ipc::WEB_BODY_NO_JSON);
  if (character_left_ > 0) {
    if (!continues_character(byte)) return refuse(ipc::WEB_BODY_NO_JSON);
    text_ += c;
    return true;
  }
  if (c == '"') return end_text(out);
  if (byte < 0x20) return refuse(ipc::WEB_BODY_NO_JSON);
  if (text_is_name_ && text_.size() >= ipc::kMaxBodyNameBytes) return refuse(ipc::WEB_BODY_NAME_TOO_LONG);
  // Between two characters, with room for the longest.
  if (text_.size() + 4 > ipc::kMaxBodyTextBytes) flush_text(out, true);
  if (c == '\\') {
    inside_ = Inside::escape;
    return true;
  }
  // The Unicode Standard, table 3-7: well-formed UTF-8.
  character_low_ = 0x80;
  character_high_ = 0xbf;
  if (byte >= 0xc2 && byte <= 0xdf) {
    character_left_ = 1;
  } else if (byte >= 0xe0 && byte <= 0xef) {
    character_left_ = 2;
    if (byte == 0xe0) character_low_ = 0xa0;
    if (byte == 0xed) character_high_ = 0x9f;
  } else if (byte >= 0xf0 && byte <= 0xf4) {
    character_left_ = 3;
    if (byte == 0xf0) character_low_ = 0x90;
    if (byte == 0xf4) character_high_ = 0x8f;
  } else if (byte >= 0x80) {
    return refuse(ipc::WEB_BODY_NO_JSON);
  }
  text_ += c;
  return true;
}

bool JsonReader::continues_character(std::uint8_t byte) {
  if (byte < character_low_ || byte > character_high_) return false;
  --character_left_;
  character_low_ = 0x80;
  character_high_ = 0xbf;
  return true;
}

bool JsonReader::take_escape(char c) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (c == 'u') {
    inside_ = Inside::hex;
    hex_ = 0;
    hex_digits_ = 0;
    return true;
  }
  const std::size_t at = kEscapes.find(c);
  if (at == std::string_view::npos || high_ != 0) return refuse(ipc::WEB_BODY_NO_JSON);
  text_ += kMeanings[at];
  inside_ = Inside::text;
  return true;
}

bool JsonReader::take_hex(char c) {
  unsigned digit = 0;
  const auto [at, error] = std::from_chars(&c, &c + 1, digit, 16);
  if (error != std::errc()) return refuse(ipc::WEB_BODY_NO_JSON);
  hex_ = hex_ * 16 + digit;
  if (++hex_digits_ < 4) return true;
  inside_ = Inside::text;
  const bool is_high = hex_ >= 0xd800 && hex_ <= 0xdbff;
  const bool is_low = hex_ >= 0xdc00 && hex_ <= 0xdfff;
  if (is_low != (high_ != 0)) return refuse(ipc::WEB_BODY_NO_JSON);
  if (is_high) {
    high_ = hex_;
  } else if (is_low) {
    append_code_point(0x10000 + ((high_ - 0xd800) << 10) + (hex_ - 0xdc00));
    high_ = 0;
  } else {
    append_code_point(hex_);
  }
  return true;
}

void JsonReader::append_code_point(std::uint32_t code) {
  const auto tail = [&](unsigned shift) { text_ += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    text_ += static_cast<char>(code);
  } else if (code < 0x800) {
    text_ += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text_ += static_cast<char>(0xe0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    text_ += static_cast<char>(0xf0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

void JsonReader::flush_text(ipc::WebBody& out, bool more) {
  ipc::WebToken* token = text_begun_ ? out.add_tokens() : add_value(out);
  token->set_text(text_);
  token->set_more(more);
  text_begun_ = more;
  wipe(text_);
}

bool JsonReader::end_text(ipc::WebBody& out) {
  inside_ = Inside::nothing;
  if (!text_is_name_) {
    flush_text(out, false);
    after_value();
    return true;
  }
  if (text_.size() > ipc::kMaxBodyNameBytes) return refuse(ipc::WEB_BODY_NAME_TOO_LONG);
  name_ = text_;
  text_.clear();
  if (!names_.back().insert(name_).second) return refuse(ipc::WEB_BODY_NAME_TWICE);
  expect_ = Expect::colon;
  return true;
}

}  // namespace sallyport::front::web
