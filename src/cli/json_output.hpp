#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/called_as.hpp"
#include "oci/json.hpp"

namespace ociferry {

/// Collects the output and results of a command for the object that --json prints at the end: our own
/// (ociferry-json(5)) or, when called as imgpkg, imgpkg's, byte for byte.
class JsonOutput {
 public:
  JsonOutput(CalledAs called_as, std::string command) : called_as_(called_as), command_(std::move(command)) {}

  void add_table(Json table) { tables_.push_back(std::move(table)); }
  void add_block(std::string_view text) { blocks_.emplace_back(text); }
  void add_line(std::string_view text) { lines_.emplace_back(text); }
  void add_warning(std::string_view text) { warnings_.emplace_back(text); }
  void add_moved_tag(Json tag) { moved_tags_.push_back(std::move(tag)); }
  /// The command's own members.
  void set_members(Json::Object members) { members_ = std::move(members); }
  void set_error(Json error) { error_ = std::move(error); }

  /// Empty if there was no output. imgpkg's object has no newline at its end, and is missing where a command failed.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] bool has_output() const { return !tables_.empty() || !blocks_.empty() || !lines_.empty(); }
  [[nodiscard]] std::string as_imgpkg() const;
  [[nodiscard]] std::string as_ociferry() const;

  CalledAs called_as_;
  std::string command_;
  Json::Array tables_;
  Json::Array blocks_;
  Json::Array lines_;
  Json::Array warnings_;
  Json::Array moved_tags_;
  std::optional<Json::Object> members_;
  Json error_;  ///< null: none
};

}  // namespace ociferry
