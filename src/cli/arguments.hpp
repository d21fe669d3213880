#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/called_as.hpp"

namespace ociferry {

/// An option as it was declared, for help and completion.
struct DeclaredOption {
  std::string long_name = {};
  char short_name = 0;           ///< 0 if it has none
  std::string placeholder = {};  ///< what its value is, such as FILE; empty: a switch
  std::string help = {};
};

/// Declares and reads one command's options, in the syntax of flag_syntax.hpp. Values come out typed and checked;
/// unknown options, missing values and surplus arguments throw Error{Usage}. So does an option that takes one value and
/// is given twice, and a switch that is given as true and as false; called as imgpkg, the last one counts, and the
/// others are one of the `warnings`. As in imgpkg, an empty value counts as none; lists may be repeated or
/// separated by commas; maps are lists of k=v.
class Arguments {
 public:
  /// `command` is the command line, "ociferry push", for errors and hints.
  Arguments(std::string command, std::string usage, CalledAs called_as = CalledAs::Ociferry);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  /// `name` is "long" or "long,s". An option's help text says its default.
  void flag(const std::string& name, const std::string& help) { toggle(name, false, help); }
  void toggle(const std::string& name, bool default_value, const std::string& help);
  void text(const std::string& name, const std::string& placeholder, const std::string& help);
  /// A switch that may have a value behind "=". Without one its value is `implied`.
  void word(const std::string& name, const std::string& placeholder, const std::string& implied,
            const std::string& help);
  void number(const std::string& name, int default_value, int least, int most, const std::string& help);
  /// A number without a default.
  void optional_number(const std::string& name, int least, int most, const std::string& help);
  void list(const std::string& name, const std::string& placeholder, const std::string& help);
  /// Like `list`, but without splitting at commas.
  void repeated(const std::string& name, const std::string& placeholder, const std::string& help);
  /// Values of the form k=v. A value with only one "=" is one pair, commas and all, as in imgpkg.
  void map(const std::string& name, const std::string& help);
  /// Another name for `target`, which is declared already; in the help it says "The same as".
  void alias(const std::string& name, const std::string& target);
  /// A name that old scripts may use for `target`. Not in the help; its use is one of the `deprecations`.
  void deprecated(const std::string& name, const std::string& target);
  /// An option that must be given.
  void require(const std::string& name);
  /// The argument without a dash that the command takes; `many`: any number of them.
  void positional(const std::string& placeholder, bool many = false);
  /// Starts a section of the help for the following options.
  void heading(const std::string& title);

  /// Call once, after all declarations.
  void parse(const std::vector<std::string>& words);

  [[nodiscard]] bool is_set(const std::string& name) const;
  [[nodiscard]] bool on(const std::string& name) const;
  /// Empty if not given.
  [[nodiscard]] std::string text_of(const std::string& name) const { return optional_text(name).value_or(""); }
  [[nodiscard]] std::optional<std::string> optional_text(const std::string& name) const;
  [[nodiscard]] int number_of(const std::string& name) const;
  [[nodiscard]] std::optional<int> optional_number_of(const std::string& name) const {
    return is_set(name) ? std::optional(number_of(name)) : std::nullopt;
  }
  /// All values of an option; of one that takes a single value, that one.
  [[nodiscard]] std::vector<std::string> list_of(const std::string& name) const;
  [[nodiscard]] std::map<std::string, std::string> map_of(const std::string& name) const;
  /// Throws Error{Usage} if it was not given.
  [[nodiscard]] std::string positional_value() const;
  /// All that were given.
  [[nodiscard]] const std::vector<std::string>& positional_values() const;
  /// One line for each use of a deprecated name.
  [[nodiscard]] const std::vector<std::string>& deprecations() const;
  /// Options without effect, a line each.
  [[nodiscard]] const std::vector<std::string>& warnings() const;
  [[nodiscard]] CalledAs called_as() const noexcept;

  [[nodiscard]] std::string help() const;
  /// All that the help shows, in its order.
  [[nodiscard]] const std::vector<DeclaredOption>& declared() const;
  /// The placeholder of the positional argument; empty if there is none.
  [[nodiscard]] const std::string& positional_name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ociferry
