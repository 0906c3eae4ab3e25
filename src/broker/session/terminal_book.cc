// SPDX-License-Identifier: Apache-2.0
// Following terminals.
#include "broker/session/terminal_book.h"

#include "event/event.pb.h"
#include "ipc/inspector.pb.h"

namespace sallyport::broker {

using event::Event;

bool TerminalBook::see(const Event& event, Direction from) {
  switch (event.kind_case()) {
    case Event::kRequest:
      return from == Direction::up && request(event.request());
    case Event::kData:
      return from == Direction::down && find_open(event.data().channel()) != nullptr;
    case Event::kClose: {
      Terminal* terminal = from == Direction::down ? find_open(event.close().channel()) : nullptr;
      if (terminal == nullptr) return false;
      terminal->open = false;
      return true;
    }
    default:
      return false;
  }
}

// A size of zero means that another unit counts (RFC 4254 §6.2); in a change it says nothing.
bool TerminalBook::request(const event::Request& request) {
  if (request.has_pty()) {
    terminals_[request.channel()] = {request.pty().columns(), request.pty().rows(), true};
    return true;
  }
  if (!request.has_window_change()) return false;
  Terminal* terminal = find_open(request.channel());
  const auto& change = request.window_change();
  if (terminal == nullptr || change.columns() == 0 || change.rows() == 0) return false;
  terminal->columns = change.columns();
  terminal->rows = change.rows();
  return true;
}

TerminalBook::Terminal* TerminalBook::find_open(std::uint32_t channel) {
  const auto found = terminals_.find(channel);
  return found == terminals_.end() || !found->second.open ? nullptr : &found->second;
}

TerminalBook::State TerminalBook::state(std::uint32_t channel) const {
  const auto found = terminals_.find(channel);
  if (found == terminals_.end()) return State::none;
  return found->second.open ? State::open : State::closed;
}

std::vector<std::uint32_t> TerminalBook::open() const {
  std::vector<std::uint32_t> out;
  for (const auto& [channel, terminal] : terminals_) {
    if (terminal.open) out.push_back(channel);
  }
  return out;
}

void TerminalBook::describe(ipc::InspectorGap& out) const {
  for (const auto& [channel, terminal] : terminals_) {
    if (!terminal.open) continue;
    ipc::InspectorTerminal& one = *out.add_terminals();
    one.set_channel(channel);
    one.set_columns(terminal.columns);
    one.set_rows(terminal.rows);
  }
}

}  // namespace sallyport::broker
