// SPDX-License-Identifier: Apache-2.0
// Figures in the text format of Prometheus, version 0.0.4. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::broker::metrics {

enum class Kind { gauge, counter };

class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins a family: its figures follow at once. help: one line.
  void family(std::string_view name, Kind kind, std::string_view help);
  /// A figure of the family that was begun last. Values of labels may be anything; they are escaped.
  void add(double value, Labels labels = {});
  void add(std::uint64_t value, Labels labels = {});
  /// A family of one figure without labels.
  void one(std::string_view name, Kind kind, std::string_view help, double value);

  const std::string& text() const { return text_; }

 private:
  void add_text(std::string_view value, Labels labels);

  std::string name_;
  std::string text_;
};

}  // namespace sallyport::broker::metrics
