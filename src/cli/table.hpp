#pragma once

#include <string>
#include <vector>

#include "oci/json.hpp"

namespace ociferry {

/// A result with rows and columns. Cells may contain text from outside.
struct Table {
  struct Column {
    std::string key = {};    ///< name for --column and JSON
    std::string title = {};  ///< its heading
  };
  std::string title = {};    ///< above the table, on terminals
  std::string content = {};  ///< name of the rows, plural: "tags"
  std::vector<Column> columns = {};
  std::vector<std::vector<std::string>> rows = {};  ///< each with one cell a column
  std::vector<std::string> notes = {};              ///< below the table, on terminals
};

/// How titles and headers look: bold takes terminal escapes.
enum class Emphasis { None, Bold };

/// The table with only the named columns, in the table's order; all of it if `keys` is empty.
/// Throws Error{Usage} if one does not exist.
[[nodiscard]] Table with_columns(const Table& table, const std::vector<std::string>& keys);

/// For people: title, header, aligned cells, notes and a count.
[[nodiscard]] std::string aligned_text(const Table& table, Emphasis emphasis);
/// For scripts that read no JSON: cells only, each with a tab behind it.
[[nodiscard]] std::string tabbed_text(const Table& table);
/// The object that imgpkg's --json makes of a table.
[[nodiscard]] Json table_json(const Table& table);

}  // namespace ociferry
