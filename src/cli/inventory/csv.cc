// SPDX-License-Identifier: Apache-2.0
// Tables with a header row (RFC 4180; also with semicolons, as spreadsheets write where the comma is a decimal point).
#include <algorithm>
#include <optional>

#include "cli/inventory/inventory.h"

namespace sallyport::cli::inventory {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxColumns = 100;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Rows, one after the other.
class Table {
 public:
  Table(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    const std::string_view first = text_.substr(0, text_.find('\n'));
    if (first.find(',') == std::string_view::npos && first.find(';') != std::string_view::npos) separator_ = ';';
  }

  /// None at the end. Empty lines are no rows.
  Result<std::optional<std::vector<std::string>>> next() {
    while (!text_.empty() && (text_.front() == '\n' || text_.front() == '\r')) skip_line_end();
    if (text_.empty()) return std::optional<std::vector<std::string>>();
    row_line_ = line_;
    std::vector<std::string> row;
    for (;;) {
      auto field = text_.starts_with('"') ? quoted() : plain();
      if (!field) return base::pass(field);
      if (row.size() == kMaxColumns) return wrong("more than 100 columns");
      row.push_back(trimmed(*field));
      if (text_.empty()) break;
      const char after = text_.front();
      if (after == '\n' || after == '\r') {
        skip_line_end();
        break;
      }
      text_.remove_prefix(1);  // the separator
    }
    return std::optional(std::move(row));
  }

  template <class T = std::string>
  tl::unexpected<base::Error> wrong(const T& what) const {
    return fail(Errc::invalid, name_ + ":" + std::to_string(row_line_) + ": " + what);
  }
  std::size_t row_line() const { return row_line_; }

 private:
  bool ends_field(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

  void skip_line_end() {
    if (text_.starts_with("\r\n")) text_.remove_prefix(1);
    text_.remove_prefix(1);
    ++line_;
  }

  Result<std::string> plain() {
    std::size_t end = 0;
    while (end < text_.size() && !ends_field(text_[end])) {
      if (text_[end] == '"') return wrong("a quote in the middle of a field; put the whole field in quotes");
      ++end;
    }
    if (end > kMaxLineBytes) return wrong("a field is too long");
    std::string out(text_.substr(0, end));
    text_.remove_prefix(end);
    return out;
  }

  Result<std::string> quoted() {
    std::string out;
    text_.remove_prefix(1);
    while (!text_.empty()) {
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"' && !text_.starts_with('"')) {
        if (!text_.empty() && !ends_field(text_.front())) return wrong("text after a closing quote");
        return out;
      }
      if (c == '"') text_.remove_prefix(1);
      if (c == '\n') ++line_;
      if (out.size() == kMaxLineBytes) return wrong("a field is too long");
      out += c;
    }
    return wrong("a quote is not closed");
  }

  std::string_view text_;
  const std::string& name_;
  char separator_ = ',';
  std::size_t line_ = 1, row_line_ = 1;
};

/// Where a column goes: into one of RawHost's fields, or into its labels.
struct Column {
  std::string RawHost::*field = nullptr;
  std::string label;
  bool protocol = false;
};

Column column_of(const std::string& title, Inventory& out) {
  const std::string word = lower(title);
  if (word == "name") return {&RawHost::name, "", false};
  for (const char* one : {"address", "host", "hostname", "ip"}) {
    if (word == one) return {&RawHost::address, "", false};
  }
  if (word == "port") return {&RawHost::port, "", false};
  if (word == "user" || word == "username" || word == "account") return {&RawHost::user, "", false};
  if (word == "description") return {&RawHost::description, "", false};
  if (word == "protocol") return {nullptr, "", true};
  if (word.starts_with("label:") && word.size() > 6) return {nullptr, title.substr(6), false};
  out.note("column '" + printable(title) + "' is not known; labels have columns named label:KEY");
  return {};
}

Result<std::vector<Column>> read_header(Table& table, Inventory& out) {
  auto titles = table.next();
  if (!titles) return base::pass(titles);
  std::vector<Column> columns;
  if (*titles) {
    for (const std::string& title : **titles) {
      Column column = column_of(title, out);
      for (const Column& before : columns) {
        if ((column.field != nullptr && before.field == column.field) ||
            (!column.label.empty() && before.label == column.label)) {
          return table.wrong("two columns have the same meaning: '" + printable(title) + "'");
        }
      }
      columns.push_back(std::move(column));
    }
  }
  const bool named =
      std::any_of(columns.begin(), columns.end(), [](const Column& c) { return c.field == &RawHost::name; });
  if (!named) {
    return table.wrong(
        std::string("the first row names the columns: name, and address, port, user, description, label:KEY"));
  }
  return columns;
}

}  // namespace

Result<Inventory> read_csv(std::string_view text, const std::string& name) {
  Inventory out;
  Table table(text, name);
  auto columns = read_header(table, out);
  if (!columns) return base::pass(columns);
  for (;;) {
    auto row = table.next();
    if (!row) return base::pass(row);
    if (!*row) return out;
    if ((*row)->size() != columns->size()) {
      return table.wrong("this row has " + std::to_string((*row)->size()) + " fields, the first one " +
                         std::to_string(columns->size()));
    }
    RawHost host;
    std::string protocol;
    for (std::size_t i = 0; i < columns->size(); ++i) {
      const Column& column = (*columns)[i];
      const std::string& value = (**row)[i];
      if (column.field != nullptr) host.*column.field = value;
      if (!column.label.empty() && !value.empty()) host.labels[column.label] = value;
      if (column.protocol) protocol = lower(value);
    }
    if (!protocol.empty() && protocol != "ssh") {
      out.note("host '" + printable(host.name) + "' is left out: its protocol is '" + printable(protocol) + "'");
      continue;
    }
    if (host.name.empty()) return table.wrong(std::string("a row without a name"));
    if (auto added = out.add(host); !added) return base::pass(added);
  }
}

}  // namespace sallyport::cli::inventory
