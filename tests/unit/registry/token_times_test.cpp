#include "registry/token_times.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("the validity of a token is parsed, and the reason why it is invalid reported") {
  using std::chrono::seconds;
  using std::chrono::sys_seconds;
  const auto at = [](std::int64_t time) { return sys_seconds(seconds(time)); };
  // {"nbf":1000,"exp":2000}, with and without what base64url has of its own.
  const TokenTimes times = times_of_token("eyJhbGciOiJub25lIn0.eyJuYmYiOjEwMDAsImV4cCI6MjAwMH0.c2ln");
  CHECK(times.not_before == at(1000));
  CHECK(times.expires == at(2000));
  CHECK(why_not_valid(times, at(910)) == "it is not valid for another 90 s");
  CHECK(why_not_valid(times, at(1000)).empty());
  CHECK(why_not_valid(times, at(1999)).empty());
  CHECK(why_not_valid(times, at(2005)) == "it expired 5 s ago");
  for (const char* text : {"", "opaque", "a.b.c", "..", "a.eyJuYmYi.c", "a.eyJuYmYiOi0xfQ.c", "a.WzFd.c"}) {
    CAPTURE(text);
    const TokenTimes none = times_of_token(text);
    CHECK_FALSE(none.not_before.has_value());
    CHECK(why_not_valid(none, at(5)).empty());
  }
}
