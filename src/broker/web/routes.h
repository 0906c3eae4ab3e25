// SPDX-License-Identifier: Apache-2.0
// The one table of what can be asked over HTTP: method, path, and what it means. Trusted side; pure. docs/openapi.yaml
// describes the same, and a test holds the two together. Who may do what is not said here: broker/api/operations.h.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/api/request.h"
#include "broker/web/inputs.h"

namespace sallyport::broker::web {

/// How an answer becomes a body.
enum class Shape {
  list,       ///< {"items": […]} and what the end of the answer says
  first,      ///< the first item alone
  resource,   ///< the first item as {"version", "resource"}, with its version as ETag
  resources,  ///< a list of them
  end,        ///< what the end of the answer says
  nothing,    ///< 204; 202 and what the end says where it waits for a second administrator
};

/// What is answered here, and not by an operation of the API.
enum class Own {
  no,
  sign_in,
  who_am_i,
  sign_out,
  prove_again,
  list_sign_ins,
  end_sign_in,
  my_targets,
  events,
  recording_events,
  recording_proof,
  connect,
};

struct Route {
  using Make = api::Request (*)(Inputs& in);

  std::string_view method = {};
  std::string_view path = {};  ///< "sessions/{id}", below /api/v1
  Own own = Own::no;
  Make make = nullptr;  ///< what to ask of the API; null where own needs nothing of it
  Shape shape = Shape::end;
  std::size_t max_body = 0;
  bool socket = false;  ///< over WebSocket alone
};

std::span<const Route> routes();

struct Found {
  const Route* route = nullptr;
  bool path_known = false;  ///< by another method
  std::vector<std::string> places;
};
template <class Segments>
Found find_route(std::string_view method, const Segments& segments) {
  Found out;
  for (const Route& route : routes()) {
    std::vector<std::string> places;
    std::string_view rest = route.path;
    bool fits = true;
    for (const std::string& segment : segments) {
      const std::size_t slash = rest.find('/');
      const std::string_view part = rest.substr(0, slash);
      if (part.empty()) fits = false;
      if (!fits) break;
      if (part.front() == '{') places.push_back(segment);
      fits = part.front() == '{' || part == segment;
      rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    }
    if (!fits || !rest.empty()) continue;
    out.path_known = true;
    if (route.method != method) continue;
    out.route = &route;
    out.places = std::move(places);
    return out;
  }
  return out;
}

}  // namespace sallyport::broker::web
