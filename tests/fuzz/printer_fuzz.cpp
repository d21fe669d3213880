// Whatever text comes from outside, what reaches the terminal has no control character but our own newlines and tabs,
// nothing that turns the direction of writing, nothing invisible, and is UTF-8. Output for programs is JSON, too.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/console.hpp"
#include "fuzz.hpp"
#include "oci/json.hpp"

using namespace ociferry;

namespace {

/// The code points that no output may have, as ranges.
struct Range {
  char32_t first;
  char32_t last;
};
constexpr std::array<Range, 9> kForbidden{{{0x00, 0x08},
                                           {0x0B, 0x1F},
                                           {0x7F, 0x9F},
                                           {0x061C, 0x061C},
                                           {0x200B, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2060, 0x2060},
                                           {0x2066, 0x2069},
                                           {0xFEFF, 0xFEFF}}};

/// The next code point of well-formed UTF-8.
char32_t take(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t value = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(length);
  return value;
}

void check_shown(std::string_view text) {
  testing::require(text::is_utf8(text), "output is UTF-8");
  while (!text.empty()) {
    const char32_t c = take(text);
    testing::require(std::ranges::none_of(kForbidden, [c](const Range& r) { return c >= r.first && c <= r.last; }),
                     "output has nothing that a terminal obeys or hides");
  }
}

/// Runs `print` with a console on a file, and gives what it wrote to both of its ends.
template <typename Print>
std::string written(ConsoleOptions options, Print&& print) {
  const UniqueFd file(::memfd_create("console", MFD_CLOEXEC));
  options.out = options.err = file.get();
  {
    Console console(options);
    print(console);
    console.end();
  }
  std::string text(static_cast<std::size_t>(file_size(file.get(), "console")), '\0');
  testing::require(pread_full(file.get(), std::as_writable_bytes(std::span(text)), 0, "console") == text.size(),
                   "the file is read whole");
  return text;
}

void print_everything(Console& console, const std::string& text) {
  console.result(text);
  console.block(text);
  console.line(text);
  console.warn(text);
  console.debug(text);
  console.table({.title = "Things",
                 .content = "things",
                 .columns = {{.key = "name", .title = "Name"}, {.key = "other", .title = "Other"}},
                 .rows = {{text, "x"}, {"x", text}},
                 .notes = {text}});
  Error error(ErrorCode::Corrupt, text);
  error.while_doing(text).hint(text);
  console.error(error, 10);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(testing::fuzz_text(data, size));
  const std::string one_line = text::printable(text, 100);
  check_shown(one_line);
  testing::require(one_line.find_first_of("\n\t") == std::string::npos, "a line is one line");
  testing::require(one_line.size() <= 100 + 16, "a line is cut where it was to be cut");
  const auto print = [&](Console& console) { print_everything(console, text); };
  for (const ErrorForm form : {ErrorForm::Ociferry, ErrorForm::Imgpkg}) {
    check_shown(written({.error_form = form, .show_lines = true, .debug = true}, print));
  }
  check_shown(written({}, print));
  // What standard error gets goes to another place than the object.
  const std::string json = written({.json = true}, [&](Console& console) {
    console.result(text);
    console.block(text);
  });
  check_shown(json);
  static_cast<void>(Json::parse(json, "output"));
  return 0;
}
