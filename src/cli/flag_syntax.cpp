#include "cli/flag_syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

const FlagName* find_long(const std::vector<FlagName>& known, std::string_view name) {
  const auto found = std::ranges::find(known, name, &FlagName::long_name);
  return found == known.end() ? nullptr : &*found;
}

const FlagName* find_short(const std::vector<FlagName>& known, char name) {
  const auto found = std::ranges::find(known, name, &FlagName::short_name);
  return found == known.end() ? nullptr : &*found;
}

bool is_long(std::string_view word) { return word.starts_with("--"); }
bool is_short(std::string_view word) { return word.size() > 1 && word.front() == '-' && !is_long(word); }

/// Reads a command line from left to right.
class Reader {
 public:
  Reader(const std::vector<std::string>& words, const std::vector<FlagName>& known) : words_(words), known_(known) {}

  GivenWords read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--") {
        given_.positionals.insert(given_.positionals.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_),
                                  words_.end());
        break;
      }
      if (is_long(word)) {
        read_long(std::string_view(word).substr(2));
      } else if (is_short(word)) {
        read_cluster(word);
      } else {
        given_.positionals.push_back(word);
      }
    }
    return std::move(given_);
  }

 private:
  void read_long(std::string_view word) {
    const auto equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const FlagName* flag = find_long(known_, name);
    if (flag == nullptr) throw Error(ErrorCode::Usage, text::cat("unknown flag: --", name));
    if (equals != std::string_view::npos) return take(*flag, std::string(word.substr(equals + 1)));
    if (!flag->takes_value) return take(*flag, std::nullopt);
    take(*flag, next_word(text::cat("--", name)));
  }

  void read_cluster(const std::string& word) {
    for (std::string_view rest = std::string_view(word).substr(1); !rest.empty();) {
      const char name = rest.front();
      rest.remove_prefix(1);
      const FlagName* flag = find_short(known_, name);
      if (flag == nullptr) {
        throw Error(ErrorCode::Usage, text::cat("unknown shorthand flag: '", name, "' in ", word));
      }
      if (rest.starts_with('=')) return take(*flag, std::string(rest.substr(1)));
      if (flag->takes_value) {
        return take(*flag, rest.empty() ? next_word(text::cat("'", name, "' in ", word)) : std::string(rest));
      }
      take(*flag, std::nullopt);
    }
  }

  void take(const FlagName& flag, std::optional<std::string> value) {
    given_.flags.push_back({.long_name = flag.long_name, .value = std::move(value)});
  }

  std::string next_word(const std::string& flag) {
    if (next_ == words_.size()) throw Error(ErrorCode::Usage, text::cat("flag needs an argument: ", flag));
    return words_[next_++];
  }

  const std::vector<std::string>& words_;
  const std::vector<FlagName>& known_;
  std::size_t next_ = 0;
  GivenWords given_;
};

bool takes_next_word(std::string_view word, const std::vector<FlagName>& known) {
  if (word.find('=') != std::string_view::npos) return false;
  if (!is_long(word) && word.size() != 2) return false;
  const FlagName* flag = is_long(word) ? find_long(known, word.substr(2)) : find_short(known, word[1]);
  return flag == nullptr || flag->takes_value;
}

/// Takes a quoted item off the front of `rest`, with the text after it up to the next comma.
std::string quoted_item(std::string_view& rest) {
  std::string item;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] != '"') {
      item += rest[i];
    } else if (i + 1 < rest.size() && rest[i + 1] == '"') {
      item += rest[++i];
    } else {
      rest.remove_prefix(i + 1);
      return item;
    }
  }
  throw Error(ErrorCode::Usage, text::cat("a quote in '", rest, "' does not end"));
}

}  // namespace

GivenWords read_words(const std::vector<std::string>& words, const std::vector<FlagName>& known) {
  return Reader(words, known).read();
}

std::optional<std::size_t> first_plain_word(const std::vector<std::string>& words, const std::vector<FlagName>& known) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") return std::nullopt;
    if (!is_long(word) && !is_short(word)) return i;
    if (takes_next_word(word, known)) ++i;
  }
  return std::nullopt;
}

std::vector<std::string> split_list(const std::string& value) {
  std::vector<std::string> items;
  if (value.empty()) return items;
  std::string_view rest = value;
  while (true) {
    std::string item = rest.starts_with('"') ? quoted_item(rest) : std::string();
    const auto comma = rest.find(',');
    item += rest.substr(0, comma);
    items.push_back(std::move(item));
    if (comma == std::string_view::npos) return items;
    rest.remove_prefix(comma + 1);
  }
}

std::optional<bool> read_switch(std::string_view word) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, word) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, word) != kFalse.end()) return false;
  return std::nullopt;
}

std::optional<NumberTrouble> trouble_with_number(std::string_view word) {
  int number = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number);
  if (read.ptr == end && read.ec == std::errc()) return std::nullopt;
  const std::string in_go = text::cat("strconv.ParseInt: parsing \"", word, "\": ");
  const bool is_too_large = read.ptr == end && read.ec == std::errc::result_out_of_range;
  if (is_too_large) return NumberTrouble{"the number is too large", in_go + "value out of range"};
  return NumberTrouble{"not a whole number", in_go + "invalid syntax"};
}

}  // namespace ociferry
