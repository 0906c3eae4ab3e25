// SPDX-License-Identifier: Apache-2.0
// What a change of a resource is about, for gateways where some changes need a second administrator. Trusted side,
// pure. What is not known to be harmless must belong to an area.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::policy {

enum class ChangeArea : std::uint8_t {
  policy,     ///< policies
  keys,       ///< what proves users, who they are, accounts' secrets
  roles,      ///< who may do what in Sallyport itself; groups, which policies name
  retention,  ///< what is recorded, and who can read recordings
  targets,    ///< targets and accounts
};

inline constexpr ChangeArea kChangeAreas[] = {ChangeArea::policy, ChangeArea::keys, ChangeArea::roles,
                                              ChangeArea::retention, ChangeArea::targets};

/// "policy", "keys", "roles", "retention", "targets".
const char* to_string(ChangeArea area);

/// A small set, by value.
class ChangeAreas {
 public:
  constexpr ChangeAreas() = default;
  constexpr bool has(ChangeArea area) const { return (bits_ & bit(area)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(ChangeArea area) { bits_ |= bit(area); }
  constexpr void add(ChangeAreas others) { bits_ |= others.bits_; }
  constexpr bool any_of(ChangeAreas others) const { return (bits_ & others.bits_) != 0; }
  constexpr bool operator==(const ChangeAreas&) const = default;
  /// In the order of the enumeration.
  std::vector<std::string> words() const;

 private:
  static constexpr std::uint8_t bit(ChangeArea area) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(area));
  }
  std::uint8_t bits_ = 0;
};

/// Errors: invalid, when a word is no area.
base::Result<ChangeAreas> areas_in(const std::vector<std::string>& words);

/// From one canonical JSON of a resource to another; an empty text is a resource that is not there. Nothing has
/// changed, or a user is locked out and nothing else: no area, because a lock must not wait. Errors: invalid, when a
/// text is no JSON object.
base::Result<ChangeAreas> areas_of(std::string_view kind, std::string_view before, std::string_view after);

}  // namespace sallyport::policy
