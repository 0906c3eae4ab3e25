// SPDX-License-Identifier: Apache-2.0
// One function a kind of event.
#include "replay/event_json.h"

#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "event/event.pb.h"
#include "replay/forwarding_place.h"

namespace sallyport::replay {
namespace {

using Json = nlohmann::ordered_json;
using event::Event;

void put_bytes(Json& out, const std::string& bytes) {
  if (base::is_utf8(bytes)) {
    out["text"] = bytes;
  } else {
    out["base64"] = base::to_base64(base::view(bytes));
  }
}

std::string utf8_or_hex(const std::string& bytes) {
  return base::is_utf8(bytes) ? bytes : "hex:" + base::to_hex(base::view(bytes));
}

const char* stream_name(event::Stream stream) {
  return stream == event::STREAM_STDERR ? "stderr" : "main";
}

void put_request(Json& out, const event::Request& request) {
  out["channel"] = request.channel();
  switch (request.what_case()) {
    case event::Request::kPty:
      out["request"] = "pty";
      out["term"] = request.pty().term();
      out["columns"] = request.pty().columns();
      out["rows"] = request.pty().rows();
      break;
    case event::Request::kShell:
      out["request"] = "shell";
      break;
    case event::Request::kExec:
      out["request"] = "exec";
      put_bytes(out, request.exec().command());
      break;
    case event::Request::kSubsystem:
      out["request"] = "subsystem";
      out["name"] = request.subsystem().name();
      break;
    case event::Request::kEnv:
      out["request"] = "env";
      out["name"] = utf8_or_hex(request.env().name());
      out["value"] = utf8_or_hex(request.env().value());
      break;
    case event::Request::kWindowChange:
      out["request"] = "window-change";
      out["columns"] = request.window_change().columns();
      out["rows"] = request.window_change().rows();
      break;
    case event::Request::kSignal:
      out["request"] = "signal";
      out["name"] = request.signal().name();
      break;
    case event::Request::kBreakRequest:
      out["request"] = "break";
      out["length_ms"] = request.break_request().length_ms();
      break;
    case event::Request::kOther:
      out["request"] = request.other().type();
      out["base64"] = base::to_base64(base::view(request.other().data()));
      break;
    case event::Request::WHAT_NOT_SET:
      out["request"] = "unknown";
      break;
  }
}

void put_exit(Json& out, const event::Exit& exit) {
  out["channel"] = exit.channel();
  if (exit.how_case() == event::Exit::kSignal) {
    out["signal"] = exit.signal().name();
    out["core_dumped"] = exit.signal().core_dumped();
    if (!exit.signal().text().empty()) out["text"] = utf8_or_hex(exit.signal().text());
  } else {
    out["status"] = exit.status();
  }
}

void put_totals(Json& out, std::uint32_t channel, std::uint64_t main_total, std::uint64_t stderr_total) {
  out["channel"] = channel;
  out["main_bytes"] = main_total;
  out["stderr_bytes"] = stderr_total;
}

void put_start(Json& out, const event::SessionStart& start) {
  out["id"] = start.id();
  out["user"] = start.user();
  out["account"] = start.account();
  out["target"] = start.target();
  out["protocol"] = start.protocol();
  out["source"] = start.source();
  out["node"] = start.node();
  out["policy"] = start.policy();
  out["via"] = start.via();
  out["auth"] = start.auth();
  out["client_software"] = start.client_software();
  if (start.legacy_size() > 0) out["legacy"] = start.legacy();
}

void put_end(Json& out, const event::SessionEnd& end) {
  out["reason"] = end.reason();
  Json channels = Json::array();
  for (const event::ChannelCoverage& one : end.coverage()) {
    Json c{{"channel", one.channel()},
           {"type", one.type()},
           {"coverage", one.coverage()},
           {"up_bytes", one.up_bytes()},
           {"down_bytes", one.down_bytes()},
           {"stderr_bytes", one.stderr_bytes()},
           {"up_bulk_bytes", one.up_bulk_bytes()},
           {"down_bulk_bytes", one.down_bulk_bytes()},
           {"stderr_bulk_bytes", one.stderr_bulk_bytes()}};
    if (one.channels() != 0) {
      c.erase("channel");
      c["channels"] = one.channels();
    }
    if (!one.up_sha256().empty()) c["up_sha256"] = base::to_hex(base::view(one.up_sha256()));
    if (!one.down_sha256().empty()) c["down_sha256"] = base::to_hex(base::view(one.down_sha256()));
    if (!one.stderr_sha256().empty()) c["stderr_sha256"] = base::to_hex(base::view(one.stderr_sha256()));
    channels.push_back(std::move(c));
  }
  out["coverage"] = std::move(channels);
  if (end.shortened()) out["coverage_shortened"] = true;
}

// Where a forwarded connection goes; what could not be read is shown as it came.
void put_place(Json& out, const event::ChannelOpen& open) {
  if (const auto place = place_of_channel(open.type(), open.type_data())) {
    if (!place->to.empty()) out["to"] = place->to;
    if (!place->from.empty()) out["from"] = place->from;
  } else if (!open.type_data().empty()) {
    out["base64"] = base::to_base64(base::view(open.type_data()));
  }
}

void put_place(Json& out, const event::GlobalRequest& request) {
  if (const auto place = place_of_global_request(request.type(), request.data())) {
    out["at"] = *place;
  } else if (!request.data().empty()) {
    out["base64"] = base::to_base64(base::view(request.data()));
  }
}

void put_stream(Json& out, std::uint32_t channel, event::Stream stream, std::uint64_t offset) {
  out["channel"] = channel;
  out["stream"] = stream_name(stream);
  out["offset"] = offset;
}

// What the two legs say to each other about channels and streams.
bool put_channel_event(Json& out, const Event& event) {
  switch (event.kind_case()) {
    case Event::kChannelOpen:
      out["event"] = "channel-open";
      out["channel"] = event.channel_open().channel();
      out["type"] = event.channel_open().type();
      put_place(out, event.channel_open());
      return true;
    case Event::kChannelOpened:
      out["event"] = "channel-opened";
      out["channel"] = event.channel_opened().channel();
      return true;
    case Event::kChannelRefused:
      out["event"] = "channel-refused";
      out["channel"] = event.channel_refused().channel();
      out["reason"] = event.channel_refused().reason();
      out["text"] = utf8_or_hex(event.channel_refused().text());
      return true;
    case Event::kRequest:
      out["event"] = "request";
      put_request(out, event.request());
      return true;
    case Event::kRequestAnswer:
      out["event"] = "request-answer";
      out["channel"] = event.request_answer().channel();
      out["ok"] = event.request_answer().ok();
      return true;
    case Event::kData:
      out["event"] = "data";
      out["channel"] = event.data().channel();
      out["stream"] = stream_name(event.data().stream());
      put_bytes(out, event.data().bytes());
      return true;
    case Event::kEof:
      out["event"] = "eof";
      put_totals(out, event.eof().channel(), event.eof().main_total(), event.eof().stderr_total());
      return true;
    case Event::kClose:
      out["event"] = "close";
      put_totals(out, event.close().channel(), event.close().main_total(), event.close().stderr_total());
      return true;
    case Event::kExit:
      out["event"] = "exit";
      put_exit(out, event.exit());
      return true;
    default:
      return false;
  }
}

// Of older records, and of what the broker says, it is not known.
void put_as_of(Json& out, std::uint64_t as_of) {
  if (as_of != 0) out["as_of"] = as_of;
}

// TERMINAL_TRAIT_HIDDEN_CURSOR is hidden-cursor.
void put_traits(Json& out, const event::TerminalState& state) {
  constexpr std::size_t kPrefix = std::string_view("TERMINAL_TRAIT_").size();
  Json& list = out["traits"] = Json::array();
  for (const int trait : state.traits()) {
    std::string name = event::TerminalTrait_Name(static_cast<event::TerminalTrait>(trait));
    if (name.size() <= kPrefix) continue;  // a later version's
    name.erase(0, kPrefix);
    for (char& c : name) c = c == '_' ? '-' : static_cast<char>(c - 'A' + 'a');
    list.push_back(name);
  }
}

bool put_bulk_event(Json& out, const Event& event) {
  switch (event.kind_case()) {
    case Event::kBulkBegin:
      out["event"] = "bulk-begin";
      put_stream(out, event.bulk_begin().channel(), event.bulk_begin().stream(), event.bulk_begin().offset());
      return true;
    case Event::kStreamBlock:
      out["event"] = "stream-block";
      put_stream(out, event.stream_block().channel(), event.stream_block().stream(), event.stream_block().offset());
      out["direction"] = event.stream_block().up() ? "up" : "down";
      out["bytes"] = event.stream_block().bytes();
      out["sha256"] = base::to_hex(base::view(event.stream_block().sha256()));
      return true;
    case Event::kKeyframe:
      out["event"] = "keyframe";
      out["channel"] = event.keyframe().channel();
      out["columns"] = event.keyframe().columns();
      out["rows"] = event.keyframe().rows();
      put_as_of(out, event.keyframe().as_of());
      if (event.keyframe().follows_gap()) out["follows_gap"] = true;
      return true;
    case Event::kTerminalState:
      out["event"] = "terminal-state";
      out["channel"] = event.terminal_state().channel();
      put_traits(out, event.terminal_state());
      put_as_of(out, event.terminal_state().as_of());
      if (event.terminal_state().unknown()) out["unknown"] = true;
      return true;
    case Event::kGlobalRequest:
      out["event"] = "global-request";
      out["type"] = event.global_request().type();
      put_place(out, event.global_request());
      return true;
    case Event::kGlobalAnswer:
      out["event"] = "global-answer";
      out["ok"] = event.global_answer().ok();
      return true;
    default:
      return false;
  }
}

// What the broker itself puts into the record.
void put_broker_event(Json& out, const Event& event) {
  switch (event.kind_case()) {
    case Event::kSessionStart:
      out["event"] = "session-start";
      return put_start(out, event.session_start());
    case Event::kSessionEnd:
      out["event"] = "session-end";
      return put_end(out, event.session_end());
    case Event::kControl:
      out["event"] = "control";
      out["action"] = event.control().action();
      out["actor"] = event.control().actor();
      out["text"] = event.control().text();
      return;
    case Event::kVerdict:
      out["event"] = "verdict";
      out["channel"] = event.verdict().channel();
      out["subject"] = event.verdict().subject();
      out["name"] = event.verdict().name();
      out["verdict"] = event.verdict().verdict();
      out["reason"] = event.verdict().reason();
      if (event.verdict().sequence() != 0) out["sequence"] = event.verdict().sequence();
      return;
    case Event::kLogin:
      out["event"] = "login";
      out["method"] = event.login().method();
      out["login_name"] = event.login().login_name();
      out["host_key"] = event.login().host_key();
      out["address"] = event.login().address();
      out["secret_crossed"] = event.login().secret_crossed();
      out["target_software"] = event.login().target_software();
      if (event.login().legacy_size() > 0) out["legacy"] = event.login().legacy();
      out["banner"] = event.login().banner();
      return;
    case Event::kInspectorGone:
      out["event"] = "inspector-gone";
      out["reason"] = event.inspector_gone().reason();
      out["read_up_to"] = event.inspector_gone().read_up_to();
      return;
    default:
      out["event"] = "unknown";
      return;
  }
}

}  // namespace

Direction recorded_direction(const Event& event, bool input) {
  if (event.kind_case() != Event::kData) return Direction::unknown;
  return input ? Direction::up : Direction::down;
}

nlohmann::ordered_json event_json(const Event& event, Direction direction) {
  Json out;
  out["event"] = "";
  if (!put_channel_event(out, event) && !put_bulk_event(out, event)) {
    put_broker_event(out, event);
    return out;
  }
  if (!out.contains("direction") && direction != Direction::unknown) {
    out["direction"] = direction == Direction::up ? "up" : "down";
  }
  return out;
}

std::string event_line(const Event& event, Direction direction) {
  const Json json = event_json(event, direction);
  std::string out = base::escape_for_terminal(json.value("event", std::string{}));
  for (const auto& [key, value] : json.items()) {
    if (key == "event" || (value.is_string() && value.get_ref<const std::string&>().empty())) continue;
    const std::string text =
        value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true, Json::error_handler_t::replace);
    out += " " + key + "=" + base::escape_for_terminal(text, 400);
  }
  return out;
}

std::string command_of(const Event& event, std::string& source) {
  if (event.kind_case() != Event::kRequest) return {};
  const event::Request& request = event.request();
  if (request.what_case() == event::Request::kExec) {
    source = "exec";
    return utf8_or_hex(request.exec().command());
  }
  if (request.what_case() == event::Request::kSubsystem) {
    source = "subsystem";
    return request.subsystem().name();
  }
  if (request.what_case() == event::Request::kShell) {
    source = "shell";
    return "shell";
  }
  return {};
}

}  // namespace sallyport::replay
