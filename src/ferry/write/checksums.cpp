#include "ferry/write/checksums.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kHexDigits = 64;

/// Characters that sha256sum writes as two, in a line that begins with a backslash.
constexpr std::string_view kEscaped = "\\\n\r";
constexpr std::string_view kEscapes = "\\nr";

std::string sum_line(const FileSum& file) {
  std::string name;
  for (const char c : file.name) {
    const auto at = kEscaped.find(c);
    name += at == std::string_view::npos ? std::string(1, c) : std::string{'\\', kEscapes[at]};
  }
  return text::cat(name == file.name ? "" : "\\", file.sum.hex(), "  ", name, "\n");
}

std::string unescaped(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto at = name[i] == '\\' && i + 1 < name.size() ? kEscapes.find(name[i + 1]) : std::string_view::npos;
    out += at == std::string_view::npos ? name[i] : kEscaped[at];
    i += at == std::string_view::npos ? 0 : 1;
  }
  return out;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The lines of `list` with their ends.
std::vector<std::string_view> lines_of(std::string_view list) {
  std::vector<std::string_view> lines;
  while (!list.empty()) {
    const std::size_t length = std::min(list.find('\n'), list.size() - 1) + 1;
    lines.push_back(list.substr(0, length));
    list.remove_prefix(length);
  }
  return lines;
}

}  // namespace

std::string name_in_sum_line(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const bool is_escaped = line.starts_with('\\');
  if (is_escaped) line.remove_prefix(1);
  if (line.size() <= kHexDigits + 2 || !std::ranges::all_of(line.substr(0, kHexDigits), is_hex)) return {};
  const std::string_view separator = line.substr(kHexDigits, 2);
  if (separator != "  " && separator != " *") return {};
  const std::string_view name = line.substr(kHexDigits + separator.size());
  std::string plain = is_escaped ? unescaped(name) : std::string(name);
  while (plain.starts_with("./")) plain.erase(0, 2);
  return plain;
}

std::vector<std::string> names_in_sums(std::string_view list) {
  std::vector<std::string> names;
  for (const std::string_view line : lines_of(list)) {
    if (std::string name = name_in_sum_line(line); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::string update_sums(std::string_view list, const std::vector<std::string>& names,
                        const std::vector<FileSum>& sums) {
  std::string updated;
  for (const std::string_view line : lines_of(list)) {
    if (std::ranges::find(names, name_in_sum_line(line)) == names.end()) updated += line;
  }
  if (!updated.empty() && !updated.ends_with('\n')) updated += '\n';
  for (const FileSum& file : sums) updated += sum_line(file);
  return updated;
}

}  // namespace ociferry
