// SPDX-License-Identifier: Apache-2.0
// Options and words.
#include "cli/change_wish.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace sallyport::cli {

void add_wish_options(Command& verb, ChangeWish& wish) {
  verb.option("--reason", wish.reason, "Why, for the second administrator where the gateway asks for one")
      .option("--emergency", wish.emergency,
              "Go ahead without a second administrator, for this reason: root only; it is logged and reviewed");
}

bool tell_of_waiting(const std::string& done) {
  const auto facts = parse_object(done);
  if (!facts) return false;
  if (facts->contains("to_review")) {
    std::cerr << "done without a second administrator; another administrator reviews it: sallyport change review "
              << render_value((*facts)["to_review"]) << "\n";
  }
  if (!facts->contains("change")) return false;
  const std::string code = render_value(facts->value("code", Json()));
  std::cerr << "nothing has changed yet: change " << code
            << " waits for another administrator, who runs `sallyport change show " << code
            << "` and `sallyport change approve " << code << "`\n";
  return true;
}

}  // namespace sallyport::cli
