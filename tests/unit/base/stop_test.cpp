#include "base/stop.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

TEST_CASE("work continues until a stop is requested, and ends with Interrupted then") {
  std::stop_source stop;
  CHECK_NOTHROW(throw_if_stopped(stop.get_token()));
  CHECK_NOTHROW(throw_if_stopped({}));
  stop.request_stop();
  try {
    throw_if_stopped(stop.get_token());
    FAIL("went on");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Interrupted);
  }
}
