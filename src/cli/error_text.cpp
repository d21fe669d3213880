#include "cli/error_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "cli/imgpkg_words.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kListItem = "\n  - ";  // lists in messages of our own making
constexpr std::size_t kMessageBytes = 64 * 1024;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

/// Tracks nested brackets of any kind.
class Brackets {
 public:
  void pass(char c) {
    if (c == '(' || c == '[' || c == '{') ++depth_;
    if (c == ')' || c == ']' || c == '}') --depth_;
    if (depth_ < 0) balanced_ = false;
  }
  [[nodiscard]] bool outside() const { return depth_ == 0; }
  [[nodiscard]] bool matched() const { return balanced_ && depth_ == 0; }

 private:
  int depth_ = 0;
  bool balanced_ = true;
};

/// imgpkg shows no context for usage errors.
bool is_shown_by_imgpkg(const Error& error, std::string_view context) {
  return error.code() != ErrorCode::Usage && !context.starts_with("reading the lock file ");
}

/// Message and context in one line, outermost context first, like wrapped errors in Go.
std::string one_line(const Error& error) {
  const std::string message = safe_message(in_imgpkg_words(error.message()));
  std::string line;
  for (auto context = error.context().rbegin(); context != error.context().rend(); ++context) {
    if (!is_shown_by_imgpkg(error, *context)) continue;
    std::string text = safe_message(*context);
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
      text.front() = static_cast<char>(text.front() - 32);
    line += in_imgpkg_context(std::move(text), message);
  }
  line += message;
  if (is_hint_of_imgpkg(error.hint_text())) line += fmt::format(" (hint: {})", safe_message(error.hint_text()));
  return line;
}

bool is_worth_repeating(const Error& error) {
  return error.is_transient() || (error.code() == ErrorCode::Network && !error.is_lasting());
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Usage: return "Usage";
    case ErrorCode::Internal: return "Internal";
    case ErrorCode::Corrupt: return "Corrupt";
    case ErrorCode::Incomplete: return "Incomplete";
    case ErrorCode::Hostile: return "Hostile";
    case ErrorCode::Unauthorized: return "Unauthorized";
    case ErrorCode::Denied: return "Denied";
    case ErrorCode::NotFound: return "NotFound";
    case ErrorCode::Network: return "Network";
    case ErrorCode::Refused: return "Refused";
    case ErrorCode::Unstable: return "Unstable";
    case ErrorCode::Space: return "Space";
    case ErrorCode::Io: return "Io";
    case ErrorCode::Busy: return "Busy";
    case ErrorCode::Interrupted: return "Interrupted";
  }
  return "Internal";
}

}  // namespace

std::string safe_message(std::string_view message) {
  std::string out;
  while (true) {
    const auto item = message.find(kListItem);
    out += text::printable(message.substr(0, item), kMessageBytes);
    if (item == std::string_view::npos) return out;
    out += kListItem;
    message.remove_prefix(item + kListItem.size());
  }
}

std::string error_text(std::string_view program, const Error& error) {
  std::string text = fmt::format("{}: Error: {}\n", program, safe_message(error.message()));
  for (const std::string& context : error.context()) text += fmt::format("  while {}\n", safe_message(context));
  if (!error.hint_text().empty()) text += fmt::format("  hint: {}\n", safe_message(error.hint_text()));
  if (is_worth_repeating(error)) text += "  running the same command again may help\n";
  return text;
}

std::string imgpkg_error_text(std::string_view program, const Error& error) {
  return fmt::format("{}: Error: {}\n", program, broken_at_colons(one_line(error)));
}

std::string broken_at_colons(std::string_view message) {
  std::string out;
  std::string indent;
  Brackets brackets;
  for (std::size_t i = 0; i < message.size(); ++i) {
    brackets.pass(message[i]);
    out += message[i];
    const bool breaks = message[i] == ':' && i + 2 < message.size() && message[i + 1] == ' ' &&
                        is_capital(message[i + 2]) && brackets.outside();
    if (!breaks) continue;
    indent += "  ";
    out += "\n" + indent;
    ++i;  // the space
  }
  return brackets.matched() ? out : std::string(message);
}

Json error_json(const Error& error, int exit_code) {
  Json::Array context;
  for (const std::string& one : error.context()) context.emplace_back(one);
  return Json::Object{{"message", error.message()}, {"code", name_of(error.code())},
                      {"exitCode", exit_code},      {"context", std::move(context)},
                      {"hint", error.hint_text()},  {"transient", is_worth_repeating(error)}};
}

}  // namespace ociferry
