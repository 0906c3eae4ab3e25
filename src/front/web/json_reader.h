// SPDX-License-Identifier: Apache-2.0
// A JSON object (RFC 8259) as it comes in, byte by byte, into tokens for the broker. Untrusted side; pure. It keeps no
// more than a part of one text, the names of the objects that are open, and where it is. Refused beside what is no
// JSON: a name twice in an object, a number that is not whole or not of 64 bits, and more than ipc/web_body.h allows.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sallyport::ipc {
class WebBody;
class WebToken;
enum WebBodyFault : int;
}  // namespace sallyport::ipc

namespace sallyport::front::web {

class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  /// Adds the tokens that these bytes complete: at most one more than there are bytes, and at most kMaxBodyTextBytes of
  /// text more. Where they cannot be taken, out says why instead, and nothing more is taken.
  void feed(base::ByteView bytes, ipc::WebBody& out);
  /// The text ends here: a fault if it is not whole.
  void finish(ipc::WebBody& out);

 private:
  enum class Expect : std::uint8_t { value, value_or_end, name, name_or_end, colon, comma_or_end, nothing };
  enum class Inside : std::uint8_t { nothing, text, escape, hex, number, word };

  // Each is false where the text is refused; fault_ says why.
  bool take(char c, ipc::WebBody& out);
  bool take_between(char c, ipc::WebBody& out);
  bool begin_value(char c, ipc::WebBody& out);
  bool end_container(char c, ipc::WebBody& out);
  bool take_text(char c, ipc::WebBody& out);
  bool take_escape(char c);
  bool take_hex(char c);
  bool take_number(char c, ipc::WebBody& out);
  bool end_number(ipc::WebBody& out);
  bool take_word(char c, ipc::WebBody& out);
  bool end_text(ipc::WebBody& out);
  bool continues_character(std::uint8_t byte);
  void append_code_point(std::uint32_t code);
  void flush_text(ipc::WebBody& out, bool more);
  ipc::WebToken* add_value(ipc::WebBody& out);
  void after_value();
  void say_fault(ipc::WebBody& out) const;
  bool refuse(ipc::WebBodyFault fault);

  Expect expect_ = Expect::value;
  Inside inside_ = Inside::nothing;
  std::vector<char> open_;                                 // '[' or '{'
  std::vector<std::set<std::string, std::less<>>> names_;  // of each object that is open
  std::string name_;                                       // of the value that comes next
  std::string text_;                                       // a text, a number or a word, as far as it came
  std::string_view word_;                                  // what text_ is to become
  bool text_is_name_ = false;
  bool text_begun_ = false;  // a part of it is out
  std::uint32_t high_ = 0;   // a surrogate that waits for its second half
  std::uint32_t hex_ = 0;
  unsigned hex_digits_ = 0;
  unsigned character_left_ = 0;  // bytes of a character that are still to come, and what the next may be
  std::uint8_t character_low_ = 0;
  std::uint8_t character_high_ = 0;
  std::size_t values_ = 0;
  ipc::WebBodyFault fault_ = {};
};

/// The texts of a body that was sent.
void wipe_texts(ipc::WebBody& body);

}  // namespace sallyport::front::web
