#include "cli/table.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/display_width.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kBorder = "  ";

/// An empty cell shows as a dash, as imgpkg's do.
std::string cell(const std::string& text) { return text.empty() ? "-" : text::printable(text); }

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (const Table::Column& column : table.columns) widths.push_back(display_width(column.title));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(cell(row[i])));
  }
  return widths;
}

/// Every cell but the last is filled up to its column's width.
std::string aligned_line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) line.append(widths[i] - display_width(cells[i]), ' ');
    line += kBorder;
  }
  return line;
}

std::string emphasized(const std::string& text, Emphasis emphasis) {
  return emphasis == Emphasis::Bold ? "\x1b[1m" + text + "\x1b[0m" : text;
}

/// Members sorted by name, as Go writes maps.
Json sorted_object(Json::Object members) {
  std::ranges::sort(members, {}, &Json::Member::first);
  return members;
}

}  // namespace

Table with_columns(const Table& table, const std::vector<std::string>& keys) {
  if (keys.empty()) return table;
  Table chosen{.title = table.title, .content = table.content, .notes = table.notes};
  chosen.rows.resize(table.rows.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (std::ranges::find(keys, table.columns[i].key) == keys.end()) continue;
    chosen.columns.push_back(table.columns[i]);
    for (std::size_t row = 0; row < table.rows.size(); ++row) chosen.rows[row].push_back(table.rows[row][i]);
  }
  for (const std::string& key : keys) {
    if (std::ranges::find(table.columns, key, &Table::Column::key) != table.columns.end()) continue;
    std::vector<std::string> known;
    for (const Table::Column& column : table.columns) known.push_back(column.key);
    throw Error(ErrorCode::Usage, text::cat("Failed to find header: ", key))
        .hint("the columns are " + text::join(known, ", "));
  }
  return chosen;
}

std::string aligned_text(const Table& table, Emphasis emphasis) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::string text;
  if (!table.title.empty()) text += emphasized(table.title, emphasis) + "\n\n";
  std::vector<std::string> cells;
  for (const Table::Column& column : table.columns) cells.push_back(column.title);
  text += emphasized(aligned_line(cells, widths), emphasis) + "\n";
  for (const auto& row : table.rows) {
    cells.clear();
    std::ranges::transform(row, std::back_inserter(cells), cell);
    text += aligned_line(cells, widths) + "\n";
  }
  if (!table.notes.empty()) text += "\n";
  for (const std::string& note : table.notes) text += text::printable(note) + "\n";
  if (!table.content.empty()) text += text::cat("\n", table.rows.size(), " ", table.content, "\n");
  return text;
}

std::string tabbed_text(const Table& table) {
  std::string text;
  for (const auto& row : table.rows) {
    for (const std::string& one : row) text += cell(one) + "\t";
    text += "\n";
  }
  return text;
}

Json table_json(const Table& table) {
  Json::Object header;
  for (const Table::Column& column : table.columns) header.emplace_back(column.key, column.title);
  Json::Array rows;
  for (const auto& row : table.rows) {
    Json::Object members;
    for (std::size_t i = 0; i < row.size(); ++i) members.emplace_back(table.columns[i].key, row[i]);
    rows.push_back(sorted_object(std::move(members)));
  }
  Json notes;
  if (!table.notes.empty()) notes = Json::Array(table.notes.begin(), table.notes.end());
  return Json::Object{{"Content", table.content},
                      {"Header", sorted_object(std::move(header))},
                      {"Rows", std::move(rows)},
                      {"Notes", std::move(notes)}};
}

}  // namespace ociferry
