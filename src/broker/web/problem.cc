// SPDX-License-Identifier: Apache-2.0
// From the gateway's errors to HTTP's.
#include "broker/web/problem.h"

#include <nlohmann/json.hpp>

namespace sallyport::broker::web {

namespace {

const char* title_of(unsigned status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

unsigned status_of(base::Errc code) {
  switch (code) {
    case base::Errc::invalid:
      return 400;
    case base::Errc::not_found:
      return 404;
    case base::Errc::denied:
      return 403;
    case base::Errc::exists:
      return 409;
    case base::Errc::unsupported:
      return 400;
    case base::Errc::full:
    case base::Errc::io:
    case base::Errc::timeout:
    case base::Errc::closed:
    case base::Errc::busy:
      return 503;
    case base::Errc::corrupt:
    case base::Errc::internal:
      break;
  }
  return 500;
}

}  // namespace

Problem problem_of(const base::Error& error) {
  return {status_of(error.code), base::to_string(error.code), error.message, error.code == base::Errc::busy ? 2U : 0U};
}

std::string to_json(const Problem& problem) {
  const nlohmann::ordered_json out = {{"type", "about:blank"},
                                      {"title", title_of(problem.status)},
                                      {"status", problem.status},
                                      {"code", problem.code},
                                      {"detail", problem.detail}};
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sallyport::broker::web
