#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// One option that a command line may hold.
struct FlagName {
  std::string long_name = {};
  char short_name = 0;       ///< 0 if it has none
  bool takes_value = false;  ///< false: a switch, which may have "=true" or "=false" behind it
};

/// One option as it was given.
struct GivenFlag {
  std::string long_name = {};
  std::optional<std::string> value = {};  ///< absent: a switch without "=..."
};

/// A command line taken apart.
struct GivenWords {
  std::vector<GivenFlag> flags = {};  ///< in their order
  std::vector<std::string> positionals = {};
};

/// Reads words as Go's pflag does, which imgpkg's users are used to: --name value, --name=value, -n value, -n=value,
/// -nvalue, -ab for two switches, words in between, and everything behind "--" taken as it is.
/// Throws Error{Usage} in pflag's words for unknown options and missing values.
[[nodiscard]] GivenWords read_words(const std::vector<std::string>& words, const std::vector<FlagName>& known);

/// The position of the first word that is no option and no option's value, as cobra finds a command among global
/// options: an option that is not in `known` and has no "=" is thought to have a value.
[[nodiscard]] std::optional<std::size_t> first_plain_word(const std::vector<std::string>& words,
                                                          const std::vector<FlagName>& known);

/// The items of a comma-separated value. As in CSV, an item in double quotes may hold commas, and "" is a quote in it.
/// An empty value has none. Throws Error{Usage} if a quote does not end.
[[nodiscard]] std::vector<std::string> split_list(const std::string& value);

/// "true", "false" and the other spellings that Go takes; nothing for other words.
[[nodiscard]] std::optional<bool> read_switch(std::string_view word);

/// Why a word is not an integer that an option accepts, in our words and in Go's.
struct NumberTrouble {
  std::string why;
  std::string why_in_go;
};
[[nodiscard]] std::optional<NumberTrouble> trouble_with_number(std::string_view word);

}  // namespace ociferry
