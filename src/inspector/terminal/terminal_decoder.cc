// SPDX-License-Identifier: Apache-2.0
// One model a terminal, as long as its channel is open.
#include "inspector/terminal/terminal_decoder.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sallyport::inspector::terminal {

using codec::terminal::Size;
using event::Event;

namespace {

// A small screen has state of its own, too.
std::size_t cells_of(Size size) {
  return std::max<std::size_t>(static_cast<std::size_t>(size.rows) * static_cast<std::size_t>(size.columns), 2000);
}

}  // namespace

void TerminalDecoder::see(const Event& event) {
  switch (event.kind_case()) {
    case Event::kRequest:
      return request(event.request());
    case Event::kData: {
      const auto model = models_.find(event.data().channel());
      if (model != models_.end()) model->second.feed(base::view(event.data().bytes()));
      return;
    }
    case Event::kClose:
      return close(event.close().channel());
    default:
      return;
  }
}

void TerminalDecoder::request(const event::Request& request) {
  if (request.has_pty()) {
    open(request.channel(), codec::terminal::announced_size(request.pty().columns(), request.pty().rows()));
  } else if (request.has_window_change()) {
    const auto size = codec::terminal::changed_size(request.window_change().columns(), request.window_change().rows());
    if (size) resize(request.channel(), *size);
  }
}

void TerminalDecoder::open(std::uint32_t channel, Size size) {
  if (models_.contains(channel)) return resize(channel, size);
  if (without_model_.contains(channel)) return;
  if (cells_ + cells_of(size) > kMaxCells) return give_up(channel);
  cells_ += cells_of(size);
  models_.try_emplace(channel, channel, size);
}

void TerminalDecoder::resize(std::uint32_t channel, Size size) {
  const auto model = models_.find(channel);
  if (model == models_.end()) return;
  const std::size_t others = cells_ - cells_of(model->second.size());
  if (others + cells_of(size) > kMaxCells) return give_up(channel);
  cells_ = others + cells_of(size);
  model->second.resize(size);
}

void TerminalDecoder::give_up(std::uint32_t channel) {
  if (const auto model = models_.find(channel); model != models_.end()) forget(model);
  without_model_.insert(channel);
  unknown_untold_.insert(channel);
}

void TerminalDecoder::forget(std::map<std::uint32_t, TerminalModel>::iterator model) {
  cells_ -= cells_of(model->second.size());
  models_.erase(model);
}

void TerminalDecoder::close(std::uint32_t channel) {
  if (const auto model = models_.find(channel); model != models_.end()) forget(model);
  without_model_.erase(channel);
  unknown_untold_.erase(channel);
}

// Terminals may have come and gone in it.
void TerminalDecoder::gap(const ipc::InspectorGap& gap) {
  std::set<std::uint32_t> open_now;
  for (const auto& terminal : gap.terminals()) open_now.insert(terminal.channel());
  std::vector<std::uint32_t> gone;
  for (const auto& [channel, unused] : models_) {
    if (!open_now.contains(channel)) gone.push_back(channel);
  }
  std::set_difference(without_model_.begin(), without_model_.end(), open_now.begin(), open_now.end(),
                      std::back_inserter(gone));
  for (const std::uint32_t channel : gone) close(channel);
  for (const auto& terminal : gap.terminals()) {
    open(terminal.channel(), codec::terminal::announced_size(terminal.columns(), terminal.rows()));
  }
  for (auto& [unused, model] : models_) model.gap();
}

void TerminalDecoder::keyframes_wanted() {
  for (auto& [unused, model] : models_) model.want_keyframe();
}

bool TerminalDecoder::tell_changes(Teller& teller, std::uint64_t as_of) {
  while (!unknown_untold_.empty() && !teller.congested()) {
    event::TerminalState state;
    state.set_channel(*unknown_untold_.begin());
    state.set_as_of(as_of);
    state.set_unknown(true);
    teller.tell(state);
    unknown_untold_.erase(unknown_untold_.begin());
  }
  if (!unknown_untold_.empty()) return false;
  for (auto& [unused, model] : models_) {
    if (!model.state_due()) continue;
    if (teller.congested()) return false;
    model.tell_state(teller, as_of);
  }
  return true;
}

bool TerminalDecoder::tell_rest(Teller& teller, std::uint64_t as_of) {
  bool all = true;
  for (auto& [unused, model] : models_) {
    if (!model.keyframe_due()) continue;
    model.tell_keyframe(teller, as_of);
    all = all && !model.keyframe_due();
  }
  return all;
}

}  // namespace sallyport::inspector::terminal
