#include "http/headers.hpp"

#include <charconv>
#include <cstdint>

#include "base/text.hpp"

namespace ociferry {

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return text::equals_ignoring_case(field.first, name); });
}

std::optional<std::string> Headers::find(std::string_view name) const {
  for (const auto& field : fields_) {
    if (text::equals_ignoring_case(field.first, name)) return field.second;
  }
  return std::nullopt;
}

std::vector<std::string> Headers::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& field : fields_) {
    if (text::equals_ignoring_case(field.first, name)) values.push_back(field.second);
  }
  return values;
}

std::optional<std::uint64_t> Headers::number(std::string_view name) const {
  const auto value = find(name);
  if (!value) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = value->data() + value->size();
  const auto parsed = std::from_chars(value->data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace ociferry
