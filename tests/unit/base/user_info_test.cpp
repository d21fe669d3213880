#include "base/user_info.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("user name and password before a host are found, and hidden") {
  struct Given {
    const char* text;
    const char* secret;
  };
  for (const Given& given : {Given{"me:secret@reg.example/app:v1", "me:secret"},
                             {"me:secret@reg.example:5000", "me:secret"},
                             {"me:secret@localhost", "me:secret"},
                             {"me:secret@[::1]:5000/app", "me:secret"},
                             {"me:se/cr@et:@reg.example/app", "me:se/cr@et:"},
                             {"me:secret@reg.example/app@sha256:00", "me:secret"},
                             {"https://me:secret@reg.example/app", "me:secret"},
                             {"https://token@reg.example/app", "token"}}) {
    CAPTURE(given.text);
    CHECK(user_info_in(given.text) == given.secret);
    const std::string shown = without_user_info(given.text);
    CHECK(shown.find(given.secret) == std::string::npos);
    CHECK(shown.find("[not shown]@") != std::string::npos);
  }
}

TEST_CASE("text without a password is shown unchanged") {
  for (const char* text : {"", "@", "app", "reg.example:5000/app:v1", "app@sha256:00",
                           "reg.example:5000/app:v1@sha256:00", "reg.example/app@v1", "reg.example:5000/app@v1",
                           "https://reg.example/app@sha512:00", "https://reg.example/app"}) {
    CAPTURE(text);
    CHECK(user_info_in(text).empty());
    CHECK(without_user_info(text) == text);
  }
}
