#include "http/headers.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("header names compare without regard to case, values keep their order") {
  Headers headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  CHECK(headers.find("content-type") == "a");
  CHECK(headers.all("X") == std::vector<std::string>{"1", "2"});
  CHECK_FALSE(headers.find("y").has_value());
  headers.set("X", "3");
  CHECK(headers.all("x") == std::vector<std::string>{"3"});
}

TEST_CASE("a number in a header is used only if it is all digits and in range") {
  const auto number = [](const char* value) { return Headers{{"N", value}}.number("n"); };
  CHECK(number("42") == 42);
  CHECK(number("18446744073709551615") == 18446744073709551615ULL);
  CHECK_FALSE(number("18446744073709551616").has_value());
  CHECK_FALSE(number("-1").has_value());
  CHECK_FALSE(number("4 2").has_value());
  CHECK_FALSE(number("").has_value());
}
