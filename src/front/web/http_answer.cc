// SPDX-License-Identifier: Apache-2.0
// Writing heads.
#include "front/web/http_answer.h"

#include <algorithm>
#include <chrono>

namespace sallyport::front::web {

namespace {

// No script but the pages' own files; no style but theirs and what has the page's nonce; no frame, no form to
// elsewhere.
std::string content_policy(const std::string& nonce) {
  return "default-src 'none'; script-src 'self'; style-src 'self'" + (nonce.empty() ? "" : " 'nonce-" + nonce + "'") +
         "; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
         "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

bool fits_a_line(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

}  // namespace

const char* reason_phrase(unsigned status) {
  static constexpr std::pair<unsigned, const char*> all[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  };
  for (const auto& [number, phrase] : all) {
    if (number == status) return phrase;
  }
  return "Answer";
}

std::string http_date(base::Micros now_us) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // Not gmtime(): it looks for the host's time zone, which a contained process cannot.
  const auto since = std::chrono::sys_seconds(std::chrono::seconds(now_us / 1'000'000));
  const auto day = std::chrono::floor<std::chrono::days>(since);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(since - day);
  const auto two = [](unsigned n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  return std::string(days[std::chrono::weekday(day).c_encoding()]) + ", " + two(unsigned{date.day()}) + " " +
         months[unsigned{date.month()} - 1] + " " + std::to_string(int{date.year()}) + " " +
         two(static_cast<unsigned>(time.hours().count())) + ":" + two(static_cast<unsigned>(time.minutes().count())) +
         ":" + two(static_cast<unsigned>(time.seconds().count())) + " GMT";
}

std::string to_text(const AnswerHead& head, base::Micros now_us) {
  std::string out = "HTTP/1.1 " + std::to_string(head.status) + " " + reason_phrase(head.status) + "\r\n";
  const auto line = [&out](std::string_view name, std::string_view value) {
    if (value.empty() || !fits_a_line(value)) return;
    out.append(name).append(": ").append(value).append("\r\n");
  };
  line("Date", http_date(now_us));
  line("Content-Type", head.type);
  if (head.framing == Framing::length) line("Content-Length", std::to_string(head.length));
  if (head.framing == Framing::chunked) line("Transfer-Encoding", "chunked");
  if (head.status != 101) {
    line("Cache-Control", head.cache);
    line("Content-Security-Policy", content_policy(head.style_nonce));
    line("Strict-Transport-Security", "max-age=31536000");
    line("X-Content-Type-Options", "nosniff");
    line("Referrer-Policy", "no-referrer");
    line("Cross-Origin-Opener-Policy", "same-origin");
    line("Cross-Origin-Resource-Policy", "same-origin");
    line("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if (head.close) line("Connection", "close");
  }
  for (const auto& [name, value] : head.more) line(name, value);
  return out + "\r\n";
}

std::string problem_text(unsigned status, std::string_view code, std::string_view detail) {
  std::string plain;
  for (const char c : detail) {
    const bool clean =
        static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '"' && c != '\\';
    plain += clean ? c : '?';
  }
  return "{\"type\":\"about:blank\",\"title\":\"" + std::string(reason_phrase(status)) +
         "\",\"status\":" + std::to_string(status) + ",\"code\":\"" + std::string(code) + "\",\"detail\":\"" + plain +
         "\"}";
}

}  // namespace sallyport::front::web
