// SPDX-License-Identifier: Apache-2.0
// A terminal in the browser: the last that happens on a connection.
#include <utility>

#include "broker/web/terminal_turn.h"
#include "broker/web/web_connection.h"

namespace sallyport::broker {

namespace {

using web::BrowserTerminal;

constexpr std::size_t kMaxNameBytes = 128;
// For the last words to reach a slow browser.
constexpr std::int64_t kLastWordsUs = 10'000'000;

}  // namespace

void WebConnection::connect() {
  web::Inputs inputs(turn_->asked, std::move(*turn_->body), {});
  web::TerminalTurn::Asked asked;
  asked.destination.target = inputs.text("target");
  asked.destination.account = inputs.text("account");
  const auto columns = static_cast<std::uint32_t>(inputs.number("columns", BrowserTerminal::kMaxColumns));
  const auto rows = static_cast<std::uint32_t>(inputs.number("rows", BrowserTerminal::kMaxRows));
  if (auto good = inputs.finish(); !good) return refuse(web::problem_of(good.error()));
  for (const std::string* name : {&asked.destination.target, &asked.destination.account}) {
    if (!name->empty() && name->size() <= kMaxNameBytes) continue;
    return refuse({400, "invalid", "the query names a target and an account, as in ?target=web1&account=deploy", 0});
  }
  // It has no password, so it cannot have signed in: asked all the same, because a user may become one.
  if (services_.policy.current()->is_service(bound_->row.user)) {
    return refuse({403, "denied", "a service account has no terminal in the browser", 0});
  }
  if (columns != 0) asked.size.columns = columns;
  if (rows != 0) asked.size.rows = rows;
  asked.number = last_number_;
  asked.sign_in = bound_;
  asked.source_host = source_host();
  asked.source = by_proxy_ ? asked.source_host : arrival_.source;
  asked.client = turn_->asked.user_agent();
  turn_->answered = true;
  begin_stream();
  const auto ended = [this] {
    turn_->stream = false;
    deadline_.after_us(kLastWordsUs, [this] { link_->kill(""); });
  };
  const auto over = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->over();
  };
  terminal_ =
      std::make_unique<web::TerminalTurn>(web::TerminalTurn::Means{entrance_, thread_, *link_, ended, over}, asked);
  terminal_->begin();
}

void WebConnection::web_terminal(ipc::WebToBroker& message) {
  if (!terminal_) return link_->kill("a terminal's message without a terminal");
  if (message.has_typed()) entrance_.sign_ins().note_use(*bound_);
  terminal_->take(message);
}

}  // namespace sallyport::broker
