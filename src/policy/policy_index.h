// SPDX-License-Identifier: Apache-2.0
// Which policies may concern a request, without a look at the others. Trusted side, pure. It may name too many policies
// and never too few.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/resource.h"

namespace sallyport::policy {

class PolicyIndex {
 public:
  void add(const Policy& policy);
  void remove(const Policy& policy);

  /// Names, sorted, each once: all policies that name the user or one of the groups, or all that may choose the target,
  /// or all that name the account, whichever are the fewest. They live as long as the index does not change.
  std::vector<std::string_view> candidates(std::string_view user, const std::vector<std::string>& groups,
                                           const Target& target, std::string_view account,
                                           const std::vector<std::string>& sponsor = {}) const;
  /// The same of subjects alone.
  std::vector<std::string_view> of_subject(std::string_view user, const std::vector<std::string>& groups,
                                           const std::vector<std::string>& sponsor = {}) const;
  /// For `sponsor` above, where the user is an outsider: what names the sponsor as one.
  static std::vector<std::string> words_of_sponsor(std::string_view sponsor, const std::vector<std::string>& groups);

 private:
  using Names = std::set<std::string, std::less<>>;
  using ByWord = std::map<std::string, Names, std::less<>>;
  struct Gathered {
    std::vector<const Names*> parts;
    std::size_t size = 0;
    void add(const Names& names);
    void add(const ByWord& by_word, std::string_view word);
    std::vector<std::string_view> sorted() const;
  };

  template <class Change>
  void each_place(const Policy& policy, Change change);
  Gathered by_subject(std::string_view user, const std::vector<std::string>& groups,
                      const std::vector<std::string>& sponsor) const;
  Gathered by_target(const Target& target) const;
  Gathered by_account(std::string_view account) const;

  ByWord users_, groups_, sponsors_, targets_, labels_, accounts_;
};

}  // namespace sallyport::policy
