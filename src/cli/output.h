// SPDX-License-Identifier: Apache-2.0
// What verbs print: tables for people, JSON for programs. Trusted side; every text in a table is foreign and escaped,
// JSON goes out as it is (its own escapes keep control characters off the terminal).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/context.h"

namespace sallyport::cli {

using Json = nlohmann::ordered_json;

/// On when standard output is a terminal that has them and NO_COLOR is not set.
Colour colour_of_stdout();

struct Column {
  std::string title;
  std::string field;  ///< of the row's object; "a.b" reaches inside
};

/// Rows under their titles, in columns as wide as their longest value; missing values show as "-".
std::string render_table(const std::vector<Column>& columns, const std::vector<Json>& rows, Colour colour);
/// "name   value" lines of one object.
std::string render_fields(const Json& object, Colour colour);
/// One value, escaped, on one line.
std::string render_value(const Json& value);

/// One key that differs between two versions of a resource: "~ when.hours: 08:00-18:00 -> 09:00-17:00", "+ allow:
/// sftp".
std::string difference_line(const Json& difference);

/// Parses what the gateway answered. Errors: invalid.
base::Result<Json> parse_object(const std::string& json);
base::Result<std::vector<Json>> parse_objects(const std::vector<std::string>& items);

/// JSON with non-ASCII control characters escaped too, so that a terminal survives it.
std::string dump(const Json& json);

/// A list: an array, or a table ("nothing" where there is none). 0.
int print_rows(const Context& context, const std::vector<Column>& columns, const std::vector<Json>& rows);
/// The same of what the gateway answered.
base::Status print_list(const Context& context, const std::vector<Column>& columns,
                        const std::vector<std::string>& items);
/// One object.
base::Status print_object(const Context& context, const std::string& json);

}  // namespace sallyport::cli
