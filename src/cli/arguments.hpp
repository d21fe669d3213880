#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// Declares and reads one command's options. Values come out typed and checked; unknown options, missing values and
/// surplus arguments throw Error{Usage}. Lists may be repeated or separated by commas, maps are lists of k=v.
class Arguments {
 public:
  Arguments(std::string command, std::string usage);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  /// `name` is "long" or "long,s". An option's help text says its default.
  void flag(const std::string& name, const std::string& help);
  void toggle(const std::string& name, bool default_value, const std::string& help);  ///< also --name=false
  void text(const std::string& name, const std::string& placeholder, const std::string& help);
  void number(const std::string& name, int default_value, int least, int most, const std::string& help);
  void list(const std::string& name, const std::string& placeholder, const std::string& help);
  /// Like `list`, but without splitting at commas.
  void repeated(const std::string& name, const std::string& placeholder, const std::string& help);
  /// The one argument without a dash that the command takes.
  void positional(const std::string& placeholder);

  /// Call once, after all declarations.
  void parse(const std::vector<std::string>& words);

  [[nodiscard]] bool is_set(const std::string& name) const;
  [[nodiscard]] bool on(const std::string& name) const;
  [[nodiscard]] std::string text_of(const std::string& name) const;  ///< empty if not given
  [[nodiscard]] std::optional<std::string> optional_text(const std::string& name) const;
  [[nodiscard]] int number_of(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> list_of(const std::string& name) const;
  [[nodiscard]] std::map<std::string, std::string> map_of(const std::string& name) const;
  /// Throws Error{Usage} if it was not given.
  [[nodiscard]] std::string positional_value() const;

  [[nodiscard]] std::string help() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ociferry
