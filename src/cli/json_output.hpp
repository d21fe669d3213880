#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oci/json.hpp"

namespace ociferry {

/// All that a command says, kept for the one object that --json prints when the command has ended. Its shape is
/// imgpkg's: what there was none of is null.
class JsonOutput {
 public:
  void add_table(Json table) { tables_.push_back(std::move(table)); }
  void add_block(std::string_view text) { blocks_.emplace_back(text); }
  void add_line(std::string_view text) { lines_.emplace_back(text); }
  /// imgpkg prints nothing when a command fails; ociferry prints the object with this as one member more.
  void set_error(Json error) { error_ = std::move(error); }

  [[nodiscard]] bool has_error() const { return error_.has_value(); }
  [[nodiscard]] bool empty() const { return tables_.empty() && blocks_.empty() && lines_.empty() && !error_; }
  /// With a newline at the end.
  [[nodiscard]] std::string text() const;

 private:
  Json::Array tables_;
  Json::Array blocks_;
  Json::Array lines_;
  std::optional<Json> error_;
};

}  // namespace ociferry
