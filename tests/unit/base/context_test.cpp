#include "base/context.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "base/text.hpp"

using namespace ociferry;

TEST_CASE("with_context adds its text to an error, and makes the text only then") {
  int made = 0;
  const auto describe = [&] { return text::cat("counting to ", ++made); };
  CHECK(with_context(describe, [] { return 7; }) == 7);
  CHECK(made == 0);

  CHECK_THROWS_AS(with_context(describe, [] { throw std::runtime_error("not ours"); }), std::runtime_error);
  CHECK(made == 0);

  try {
    with_context([] { return "outside"; },
                 [&] { with_context(describe, [] { throw Error(ErrorCode::Io, "failed"); }); });
    FAIL("was swallowed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Io);
    CHECK(error.context() == std::vector<std::string>{"counting to 1", "outside"});
  }
}

TEST_CASE("with_context returns a reference if the work does") {
  int value = 1;
  with_context([] { return ""; }, [&]() -> int& { return value; }) = 2;
  CHECK(value == 2);
}
