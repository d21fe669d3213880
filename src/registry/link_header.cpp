#include "registry/link_header.hpp"

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "http/redact.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// One link of a field.
struct Link {
  std::string_view target;
  std::optional<std::string> relation = {};  ///< the value of `rel`
};

/// Splits a field into links.
class LinkParser {
 public:
  explicit LinkParser(std::string_view field) : field_(field), rest_(field) {}

  /// The next link, or nullopt at the end.
  std::optional<Link> next() {
    while (skip_space(), take(',')) continue;
    if (rest_.empty()) return std::nullopt;
    Link link{.target = target()};
    while (skip_space(), take(';')) parameter(link);
    if (!rest_.empty() && !take(',')) fail();
    return link;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorCode::Hostile,
                text::cat("malformed Link header: ", shown_header("Link", field_).substr(0, kShown)));
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Everything before the first of `delimiters`, or before the end.
  std::string_view until(std::string_view delimiters) {
    const std::string_view word = rest_.substr(0, rest_.find_first_of(delimiters));
    rest_.remove_prefix(word.size());
    return word;
  }

  std::string_view target() {
    if (!take('<')) fail();
    const std::string_view target = until(">");
    if (!take('>')) fail();
    return target;
  }

  void parameter(Link& link) {
    skip_space();
    const std::string_view name = text::trim(until("=;,"));
    std::string value;
    if (take('=')) {
      skip_space();
      value = take('"') ? quoted() : std::string(text::trim(until(";,")));
    }
    if (text::equals_ignoring_case(name, "rel") && !link.relation) link.relation = std::move(value);
  }

  /// The rest of a quoted string, after its first quote.
  std::string quoted() {
    std::string value;
    while (!take('"')) {
      take('\\');
      if (rest_.empty()) fail();
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return value;
  }

  static constexpr std::size_t kShown = 200;
  std::string_view field_;
  std::string_view rest_;
};

bool is_next(const Link& link) {
  if (!link.relation) return true;
  const auto relations = text::split(*link.relation, ' ');
  return std::ranges::any_of(relations, [](const auto& name) { return text::equals_ignoring_case(name, "next"); });
}

}  // namespace

std::optional<std::string> next_link(const Headers& headers) {
  for (const std::string& field : headers.all("Link")) {
    LinkParser parser(field);
    while (const auto link = parser.next()) {
      if (is_next(*link)) return std::string(link->target);
    }
  }
  return std::nullopt;
}

}  // namespace ociferry
