#include "support/golden.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

std::size_t first_difference(std::string_view a, std::string_view b) {
  std::size_t line = 1;
  for (std::size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) line += a[i] == '\n' ? 1 : 0;
  return line;
}

}  // namespace

void check_golden(const std::filesystem::path& file, std::string_view actual) {
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    write_text(file, actual);
    return;
  }
  const std::string expected = std::filesystem::exists(file) ? read_text(file) : std::string();
  if (expected == actual) return;
  FAIL_CHECK(file.string(), " differs from line ", first_difference(expected, actual),
             " on (UPDATE_GOLDEN=1 accepts what came):\n", std::string(actual));
}

}  // namespace ociferry::testing
