#include "registry/challenge.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ociferry {

namespace {

bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != std::string_view::npos;
}

/// Scans one field value.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  std::string_view token() {
    const auto end = std::ranges::find_if_not(rest_, is_token_char);
    return take(static_cast<std::size_t>(end - rest_.begin()));
  }
  bool eat(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A quoted string, unquoted, or what stands there up to a blank or comma: some servers write URLs without quotes.
  /// nullopt if the closing quote is missing.
  std::optional<std::string> value() {
    if (!eat('"')) return std::string(take(std::min(rest_.find_first_of(", \t\""), rest_.size())));
    std::string out;
    while (!rest_.empty()) {
      if (eat('"')) return out;
      if (rest_.size() > 1) eat('\\');
      out += take(1);
    }
    return std::nullopt;
  }
  /// True if a whole token68 and nothing else follows up to the next comma.
  bool skip_token68() {
    const auto end = std::min(rest_.find_first_of(", \t"), rest_.size());
    const std::string_view candidate = rest_.substr(0, end);
    const auto equals = candidate.find('=');
    const bool fits = !candidate.empty() && candidate.find('"') == std::string_view::npos &&
                      (equals == std::string_view::npos || candidate.find_first_not_of('=', equals) == candidate.npos);
    if (fits) take(end);
    return fits;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::string_view rest_;
};

/// Parses "name = value", if present; moves only then.
bool read_parameter(Scanner& scanner, Challenge& challenge) {
  Scanner ahead = scanner;
  const std::string_view name = ahead.token();
  ahead.skip(" \t");
  if (name.empty() || !ahead.eat('=')) return false;
  ahead.skip(" \t");
  auto value = ahead.value();
  if (!value) return false;
  challenge.parameters.emplace(text::lower(name), std::move(*value));
  scanner = ahead;
  return true;
}

void parse_field(std::string_view field, std::vector<Challenge>& out) {
  Scanner scanner(field);
  for (;;) {
    scanner.skip(", \t");
    if (scanner.done()) return;
    if (!out.empty() && read_parameter(scanner, out.back())) continue;
    const std::string_view scheme = scanner.token();
    if (scheme.empty()) return;
    Challenge challenge{text::lower(scheme), {}};
    scanner.skip(" \t");
    if (!read_parameter(scanner, challenge)) scanner.skip_token68();
    out.push_back(std::move(challenge));
  }
}

bool gives_tokens(const Challenge& challenge) {
  return challenge.scheme == "bearer" && !challenge.parameter("realm").empty();
}

template <typename Condition>
std::optional<Challenge> first_of(const std::vector<Challenge>& challenges, const Condition& condition) {
  const auto found = std::ranges::find_if(challenges, condition);
  return found == challenges.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& fields) {
  std::vector<Challenge> all;
  for (const std::string& field : fields) {
    std::vector<Challenge> challenges;
    parse_field(field, challenges);
    std::ranges::move(challenges, std::back_inserter(all));
  }
  return all;
}

std::optional<Challenge> usable_challenge(const std::vector<Challenge>& challenges) {
  return first_of(challenges, [](const Challenge& one) { return one.scheme == "basic" || gives_tokens(one); });
}

std::optional<Challenge> token_challenge(const std::vector<Challenge>& challenges) {
  return first_of(challenges, gives_tokens);
}

}  // namespace ociferry
