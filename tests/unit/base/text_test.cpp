#include "base/text.hpp"
#include "base/shell_word.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("foreign text cannot control a terminal") {
  CHECK(text::printable("plain \u00e9\u4e2d") == "plain \u00e9\u4e2d");
  CHECK(text::printable("\x1b[31mred\n") == "\\u{1b}[31mred\\u{a}");
  CHECK(text::printable("a\u202eb\u200bc\ufeff") == "a\\u{202e}b\\u{200b}c\\u{feff}");
  CHECK(text::printable("\xff\xc0\x80") == "\\u{ff}\\u{c0}\\u{80}");
  CHECK(text::printable("\xed\xa0\x80") == "\\u{ed}\\u{a0}\\u{80}");  // a surrogate is no character
  CHECK(text::printable("abcdef", 3) == "abc...");
}

TEST_CASE("code points are decoded one by one, malformed UTF-8 byte by byte") {
  std::string_view rest = "a\u00e9\u4e2d\U0001f600\xe2\x82z";
  const std::vector<std::optional<char32_t>> expected = {U'a',         U'\u00e9',    U'\u4e2d', U'\U0001f600',
                                                         std::nullopt, std::nullopt, U'z'};
  for (const auto& point : expected) CHECK(text::take_code_point(rest) == point);
  CHECK(rest.empty());
  for (const char* broken : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xff", "\xc3"}) {
    CAPTURE(broken);
    std::string_view text = broken;
    CHECK_FALSE(text::take_code_point(text).has_value());
    CHECK(text.size() == std::string_view(broken).size() - 1);
    CHECK_FALSE(text::is_utf8(broken));
  }
}

TEST_CASE("byte counts are written for people") {
  CHECK(text::human_bytes(0) == "0 B");
  CHECK(text::human_bytes(999) == "999 B");
  CHECK(text::human_bytes(1000) == "1.0 kB");
  CHECK(text::human_bytes(1'356'000'000) == "1.3 GB");
}

TEST_CASE("cat joins texts and numbers") {
  CHECK(text::cat("a", 1, 'b', std::string("c"), 18446744073709551615ULL) == "a1bc18446744073709551615");
  CHECK(text::split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(text::trim(" \t x y\n") == "x y");
  CHECK(text::equals_ignoring_case("BeaRer", "bearer"));
  CHECK_FALSE(text::equals_ignoring_case("bear", "bearer"));
}

TEST_CASE("a list in a message has a line for each item, and the number of further ones") {
  CHECK(text::listed({}).empty());
  CHECK(text::listed({"a", "b"}, 2) == "\n  - a\n  - b");
  CHECK(text::listed({"a", "b", "c", "d"}, 2) == "\n  - a\n  - b\n  - and 2 more");
}

TEST_CASE("any file name is quoted as one word of the shell") {
  CHECK(shell_word("a/b-c_1.tar") == "a/b-c_1.tar");
  CHECK(shell_word("my images.tar") == "'my images.tar'");
  CHECK(shell_word("it's; rm -rf /") == "'it'\\''s; rm -rf /'");
  CHECK(shell_word("") == "''");
}
