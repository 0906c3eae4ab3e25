// SPDX-License-Identifier: Apache-2.0
// Policies by what they name. "*" is a word as any other here, and looked up beside the name that is asked for.
#include "policy/policy_index.h"

#include <algorithm>

namespace sallyport::policy {

namespace {

std::string label_word(std::string_view key, std::string_view value) {
  std::string out(key);
  out += '\0';
  return out.append(value);
}

}  // namespace

void PolicyIndex::Gathered::add(const Names& names) {
  parts.push_back(&names);
  size += names.size();
}

void PolicyIndex::Gathered::add(const ByWord& by_word, std::string_view word) {
  if (const auto found = by_word.find(word); found != by_word.end()) add(found->second);
}

std::vector<std::string_view> PolicyIndex::Gathered::sorted() const {
  std::vector<std::string_view> out;
  out.reserve(size);
  for (const Names* names : parts) out.insert(out.end(), names->begin(), names->end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Of labels that must all match one suffices here.
template <class Change>
void PolicyIndex::each_place(const Policy& policy, Change change) {
  for (const std::string& user : policy.subjects.users) change(users_, user);
  for (const std::string& group : policy.subjects.groups) change(groups_, group);
  for (const std::string& user : policy.sponsors.users) change(sponsors_, "u:" + user);
  for (const std::string& group : policy.sponsors.groups) change(sponsors_, "g:" + group);
  for (const std::string& target : policy.targets.names) change(targets_, target);
  for (const Selector::Labels& labels : policy.targets.labels) {
    if (labels.empty()) continue;
    const auto& [key, values] = *labels.begin();
    for (const std::string& value : values) change(labels_, label_word(key, value));
  }
  for (const std::string& account : policy.accounts) change(accounts_, account);
}

void PolicyIndex::add(const Policy& policy) {
  each_place(policy, [&](ByWord& by_word, const std::string& word) { by_word[word].insert(policy.name); });
}

void PolicyIndex::remove(const Policy& policy) {
  each_place(policy, [&](ByWord& by_word, const std::string& word) {
    const auto found = by_word.find(word);
    if (found == by_word.end()) return;
    found->second.erase(policy.name);
    if (found->second.empty()) by_word.erase(found);
  });
}

std::vector<std::string> PolicyIndex::words_of_sponsor(std::string_view sponsor,
                                                       const std::vector<std::string>& groups) {
  std::vector<std::string> out{"u:" + std::string(kEvery), "u:" + std::string(sponsor)};
  for (const std::string& group : groups) out.push_back("g:" + group);
  return out;
}

PolicyIndex::Gathered PolicyIndex::by_subject(std::string_view user, const std::vector<std::string>& groups,
                                              const std::vector<std::string>& sponsor) const {
  Gathered out;
  out.add(users_, kEvery);
  out.add(users_, user);
  for (const std::string& group : groups) out.add(groups_, group);
  for (const std::string& word : sponsor) out.add(sponsors_, word);
  return out;
}

PolicyIndex::Gathered PolicyIndex::by_target(const Target& target) const {
  Gathered out;
  out.add(targets_, kEvery);
  out.add(targets_, target.name);
  for (const auto& [key, value] : target.labels) out.add(labels_, label_word(key, value));
  return out;
}

PolicyIndex::Gathered PolicyIndex::by_account(std::string_view account) const {
  Gathered out;
  out.add(accounts_, kEvery);
  out.add(accounts_, account);
  return out;
}

std::vector<std::string_view> PolicyIndex::candidates(std::string_view user, const std::vector<std::string>& groups,
                                                      const Target& target, std::string_view account,
                                                      const std::vector<std::string>& sponsor) const {
  const Gathered sides[] = {by_subject(user, groups, sponsor), by_target(target), by_account(account)};
  const auto smaller = [](const Gathered& a, const Gathered& b) { return a.size < b.size; };
  return std::min_element(std::begin(sides), std::end(sides), smaller)->sorted();
}

std::vector<std::string_view> PolicyIndex::of_subject(std::string_view user, const std::vector<std::string>& groups,
                                                      const std::vector<std::string>& sponsor) const {
  return by_subject(user, groups, sponsor).sorted();
}

}  // namespace sallyport::policy
