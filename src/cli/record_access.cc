// SPDX-License-Identifier: Apache-2.0
// Opening and walking records.
#include "cli/record_access.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/escape.h"
#include "cli/admin_client.h"
#include "cli/event_json.h"
#include "cli/forwarding_place.h"
#include "event/event.pb.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

constexpr int kAnswerMs = 60'000;
constexpr std::size_t kMaxTails = 64;
constexpr std::size_t kMaxChannels = 100'000;
constexpr std::size_t kMaxWhat = 1024;

std::optional<recording::Hash> hash_from(const std::string& bytes) {
  recording::Hash out{};
  if (bytes.size() != out.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

void take_first(ipc::RecordingHandle& handle, OpenRecording& out) {
  out.facts = handle.json();
  out.keys.session = base::SecretBytes(base::view(handle.session_key()));
  out.keys.input = base::SecretBytes(base::view(handle.input_key()));
  base::wipe(handle.mutable_session_key()->data(), handle.session_key().size());
  base::wipe(handle.mutable_input_key()->data(), handle.input_key().size());
  if (auto key = hash_from(handle.node_public_key())) out.node_key = *key;
  out.known_header = hash_from(handle.header_hash());
  out.known_seal = hash_from(handle.seal_hash());
  out.other_seals = static_cast<std::size_t>(handle.other_seals_size());
  out.key_file = base::to_bytes(handle.key_file());
  out.key_problem = handle.key_problem();
  out.record_bytes = handle.record_bytes();
  out.known_keys = hash_from(handle.keys_hash());
  for (const auto& head : handle.heads()) {
    if (auto hash = hash_from(head.hash())) {
      recording::ChunkMark mark;
      mark.number = head.chunk();
      mark.head_hash = *hash;
      out.known_chunks.push_back(mark);
    }
  }
}

}  // namespace

std::vector<int> PassedSource::descriptors() const {
  std::vector<int> out{record_.get()};
  for (const auto& [number, fd] : tails_) out.push_back(fd.get());
  return out;
}

base::Result<base::Fd> PassedSource::open_tail(std::uint64_t number) const {
  const auto found = tails_.find(number);
  if (found == tails_.end()) return base::fail(base::Errc::not_found, "no tail " + std::to_string(number));
  base::Fd copy(::fcntl(found->second.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return base::fail_errno("tail " + std::to_string(number));
  return copy;
}

base::Result<OpenRecording> open_recording(AdminClient& client, const std::string& id, const std::string& purpose,
                                           Input input) {
  if (auto asked = ask_for_recording(client, id, purpose, input); !asked) return base::pass(asked);
  return take_recording(client, id);
}

base::Status ask_for_recording(AdminClient& client, const std::string& id, const std::string& purpose, Input input) {
  ipc::AdminRequest request;
  request.mutable_recording_open()->set_id(id);
  request.mutable_recording_open()->set_with_input(input == Input::with);
  request.mutable_recording_open()->set_purpose(purpose);
  return client.send(request);
}

base::Result<OpenRecording> take_recording(AdminClient& client, const std::string& id) {
  OpenRecording out;
  out.id = id;
  base::Fd record;
  std::map<std::uint64_t, base::Fd> tails;
  for (bool first = true;; first = false) {
    std::vector<base::Fd> fds;
    auto reply = client.receive(kAnswerMs, &fds);
    if (!reply) return base::pass(reply);
    if (reply->kind_case() == ipc::AdminReply::kDone) break;
    ipc::RecordingHandle& handle = *reply->mutable_recording();
    const std::size_t before = first ? 1 : 0;
    if (reply->kind_case() != ipc::AdminReply::kRecording || tails.size() > kMaxTails ||
        fds.size() != before + static_cast<std::size_t>(handle.tail_numbers_size())) {
      return base::fail(base::Errc::invalid,
                        "the gateway's answer does not fit the request: is the gateway of another version?");
    }
    if (first) {
      take_first(handle, out);
      record = std::move(fds[0]);
    }
    for (int i = 0; i < handle.tail_numbers_size(); ++i) {
      tails[handle.tail_numbers(i)] = std::move(fds[before + static_cast<std::size_t>(i)]);
    }
  }
  if (!record) {
    return base::fail(base::Errc::invalid,
                      "the gateway's answer does not fit the request: is the gateway of another version?");
  }
  auto source = std::make_shared<PassedSource>(std::move(record), std::move(tails));
  out.descriptors = source->descriptors();
  out.source = std::move(source);
  return out;
}

base::Result<WalkEnd> walk(const OpenRecording& recording, const Visitor& visitor) {
  if (recording.keys.session.empty()) {
    if (!recording.key_problem.empty()) return base::fail(base::Errc::denied, recording.key_problem);
    return base::fail(base::Errc::denied,
                      "this node cannot read the recording: it is encrypted to other recipients (verify works)");
  }
  auto reader = recording::Reader::open(recording.source, recording.keys.duplicate());
  if (!reader) return base::pass(reader);
  for (;;) {
    auto step = reader->next();
    if (!step) return base::pass(step);
    if (std::holds_alternative<recording::End>(*step)) return WalkEnd::sealed;
    if (std::holds_alternative<recording::Waiting>(*step)) return WalkEnd::open;
    if (const auto* damage = std::get_if<recording::Damage>(&*step)) {
      if (visitor.damage) visitor.damage(*damage);
      continue;
    }
    const auto& entry = std::get<recording::Entry>(*step);
    if (entry.hidden) {
      if (visitor.hidden) visitor.hidden(entry.time_us);
      continue;
    }
    if (visitor.skip && visitor.skip(entry.event)) continue;
    event::Event event;
    if (!event.ParseFromArray(entry.event.data(), static_cast<int>(entry.event.size()))) {
      if (visitor.damage) {
        visitor.damage({"entry " + std::to_string(entry.seq), "is not an event that this version knows"});
      }
      continue;
    }
    const EventPlace at{entry.seq, entry.time_us, entry.kind == recording::EntryKind::input};
    if (!visitor.event(at, event)) return WalkEnd::stopped;
  }
}

std::optional<codec::terminal::Size> resize_of(const event::Event& event, std::uint32_t channel) {
  if (event.kind_case() != event::Event::kRequest || event.request().channel() != channel) return std::nullopt;
  const event::Request& request = event.request();
  if (request.what_case() != event::Request::kWindowChange) return std::nullopt;
  return codec::terminal::changed_size(request.window_change().columns(), request.window_change().rows());
}

void ChannelTracker::see(base::Micros time_us, const event::Event& event) {
  if (event.kind_case() == event::Event::kChannelOpen) {
    if (channels_.size() >= kMaxChannels) return;
    ChannelFacts facts;
    facts.channel = event.channel_open().channel();
    facts.what = base::cut_utf8(event.channel_open().type(), kMaxWhat);
    const auto place = place_of_channel(facts.what, event.channel_open().type_data());
    if (place && !place->to.empty()) facts.what = base::cut_utf8(facts.what + " " + place->to, kMaxWhat);
    facts.started_us = time_us;
    channels_[facts.channel] = std::move(facts);
    return;
  }
  if (event.kind_case() == event::Event::kClose) {
    const auto closed = channels_.find(event.close().channel());
    if (closed != channels_.end()) closed->second.closed = true;
    return;
  }
  if (event.kind_case() != event::Event::kRequest) return;
  const auto found = channels_.find(event.request().channel());
  if (found == channels_.end()) return;
  ChannelFacts& facts = found->second;
  if (event.request().what_case() == event::Request::kPty) {
    if (std::exchange(facts.terminal, true)) return;  // a model keeps its first size until a window change
    const event::Request::Pty& pty = event.request().pty();
    facts.term = pty.term();
    facts.size = codec::terminal::announced_size(pty.columns(), pty.rows());
    return;
  }
  std::string source;
  const std::string command = command_of(event, source);
  if (source.empty()) return;
  facts.started = true;
  facts.what = base::cut_utf8(source == "shell" ? source : source + " " + command, kMaxWhat);
}

const ChannelFacts* ChannelTracker::find(std::uint32_t channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second;
}

base::Result<ChannelFacts> pick_channel(const OpenRecording& recording, const std::string& asked) {
  std::uint32_t wanted = 0;
  if (!asked.empty()) {
    const auto [rest, error] = std::from_chars(asked.data(), asked.data() + asked.size(), wanted);
    if (error != std::errc{} || rest != asked.data() + asked.size()) {
      return base::fail(base::Errc::invalid, "a channel is a number: see recording show ID --events");
    }
  }
  ChannelTracker tracker;
  const auto first_terminal = [&](bool started) -> const ChannelFacts* {
    for (const auto& [number, facts] : tracker.channels()) {
      if (facts.terminal && (facts.started || !started)) return &facts;
    }
    return nullptr;
  };
  Visitor visitor;
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    tracker.see(at.time_us, event);
    return !asked.empty() || event.kind_case() != event::Event::kRequest || first_terminal(true) == nullptr;
  };
  auto end = walk(recording, visitor);
  if (!end) return base::pass(end);
  if (asked.empty()) {
    if (const ChannelFacts* terminal = first_terminal(false)) return *terminal;
  }
  const auto& channels = tracker.channels();
  const auto found = asked.empty() ? channels.begin() : channels.find(wanted);
  if (found == channels.end()) {
    return base::fail(base::Errc::not_found,
                      asked.empty() ? "the recording holds no channel" : "there is no channel " + asked);
  }
  return found->second;
}

}  // namespace sallyport::cli
