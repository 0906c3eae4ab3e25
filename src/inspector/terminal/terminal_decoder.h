// SPDX-License-Identifier: Apache-2.0
// The terminals of a session, from their events. Untrusted side. Its memory is bounded by cells, whatever sizes a
// client announces.
#pragma once

#include <map>
#include <set>

#include "inspector/decoder.h"
#include "inspector/terminal/terminal_model.h"

namespace sallyport::inspector::terminal {

class TerminalDecoder final : public Decoder {
 public:
  /// Cells of all models together: eight of the largest terminals. One for which there is no room has no model: it has
  /// no keyframes, and what is set on it is unknown.
  static constexpr std::size_t kMaxCells =
      std::size_t{8} * codec::terminal::kMaxSize.rows * codec::terminal::kMaxSize.columns;

  void see(const event::Event& event) override;
  void gap(const ipc::InspectorGap& gap) override;
  void keyframes_wanted() override;
  bool tell_changes(Teller& teller, std::uint64_t as_of) override;
  bool tell_rest(Teller& teller, std::uint64_t as_of) override;

 private:
  void request(const event::Request& request);
  void open(std::uint32_t channel, codec::terminal::Size size);
  void resize(std::uint32_t channel, codec::terminal::Size size);
  void give_up(std::uint32_t channel);
  void close(std::uint32_t channel);
  void forget(std::map<std::uint32_t, TerminalModel>::iterator model);

  std::map<std::uint32_t, TerminalModel> models_;
  std::size_t cells_ = 0;
  std::set<std::uint32_t> without_model_;
  std::set<std::uint32_t> unknown_untold_;  // of these
};

}  // namespace sallyport::inspector::terminal
