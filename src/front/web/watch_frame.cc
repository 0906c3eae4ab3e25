// SPDX-License-Identifier: Apache-2.0
// Frames. This writes JSON and reads none.
#include "front/web/watch_frame.h"

#include "base/text_time.h"
#include "event/event.pb.h"
#include "front/web/json_object.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {

namespace {

class Object : public JsonObject {
 public:
  Object(const ipc::WebWatched& about, std::string_view event) {
    text("time", base::to_rfc3339(about.time_us()));
    if (event.empty()) return;
    text("event", event);
    number("sequence", about.sequence());
  }
  void bytes(std::string_view name, std::string_view value) { text(name, base::to_base64(base::view(value))); }
};

std::string request_frame(const ipc::WebWatched& about, const event::Request& request) {
  Object out(about, "request");
  out.number("channel", request.channel());
  if (request.has_pty() || request.has_window_change()) {
    out.text("request", request.has_pty() ? "pty" : "window-change");
    out.number("columns", request.has_pty() ? request.pty().columns() : request.window_change().columns());
    out.number("rows", request.has_pty() ? request.pty().rows() : request.window_change().rows());
  } else if (request.has_shell()) {
    out.text("request", "shell");
  } else if (request.has_exec()) {
    out.text("request", "exec");
    out.text("text", request.exec().command());
  } else if (request.has_subsystem()) {
    out.text("request", "subsystem");
    out.text("name", request.subsystem().name());
  } else {
    return {};
  }
  return out.end();
}

std::string keyframe_frame(const ipc::WebWatched& about, const event::Keyframe& frame) {
  Object out(about, "keyframe");
  out.number("channel", frame.channel());
  out.number("columns", frame.columns());
  out.number("rows", frame.rows());
  out.number("as_of", frame.as_of());
  out.flag("more", frame.more());
  out.flag("follows_gap", frame.follows_gap());
  out.bytes("base64", frame.ansi());
  return out.end();
}

}  // namespace

std::string watch_frame(const ipc::WebWatched& about, base::ByteView bytes) {
  if (about.gap()) {
    Object out(about, "");
    out.flag("gap", true);
    return out.end();
  }
  if (!about.state().empty()) {
    Object out(about, "");
    out.text("state", about.state());
    return out.end();
  }
  event::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  using Kind = event::Event;
  switch (event.kind_case()) {
    case Kind::kData: {
      Object out(about, "data");
      out.number("channel", event.data().channel());
      out.text("direction", about.up() ? "up" : "down");
      out.text("stream", event.data().stream() == event::STREAM_STDERR ? "stderr" : "main");
      out.bytes("base64", event.data().bytes());
      return out.end();
    }
    case Kind::kKeyframe:
      return keyframe_frame(about, event.keyframe());
    case Kind::kRequest:
      return request_frame(about, event.request());
    case Kind::kExit: {
      Object out(about, "exit");
      out.number("channel", event.exit().channel());
      const bool signalled = event.exit().how_case() == event::Exit::kSignal;
      if (signalled) out.text("signal", event.exit().signal().name());
      if (!signalled) out.number("status", event.exit().status());
      return out.end();
    }
    case Kind::kClose: {
      Object out(about, "close");
      out.number("channel", event.close().channel());
      return out.end();
    }
    case Kind::kControl: {
      Object out(about, "control");
      out.text("action", event.control().action());
      out.text("actor", event.control().actor());
      out.text("text", event.control().text());
      return out.end();
    }
    default:
      return {};
  }
}

}  // namespace sallyport::front::web
