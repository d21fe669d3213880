#include "oci/platform.hpp"

#include <doctest/doctest.h>

#include <string>

#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

Platform platform(const std::string& os, const std::string& architecture, const std::string& variant = "",
                  const std::string& version = "") {
  return {.os = os, .architecture = architecture, .variant = variant, .os_version = version};
}

bool fits(const Platform& given, const std::string& wanted) { return is_for(given, {parse_platform(wanted)}); }

}  // namespace

TEST_CASE("spellings of a platform are equal") {
  const Platform arm64 = platform("linux", "arm64", "v8");
  for (const char* wanted : {"linux/arm64", "linux/arm64/v8", "linux/aarch64", "Linux/ARM64", "linux/arm64/8"}) {
    CAPTURE(wanted);
    CHECK(fits(arm64, wanted));
    CHECK(fits(platform("linux", "arm64"), wanted));
    CHECK(fits(platform("linux", "aarch64"), wanted));
  }
  CHECK(fits(platform("linux", "amd64"), "linux/x86_64"));
  CHECK(fits(platform("linux", "amd64", "v1"), "linux/amd64"));
  CHECK(fits(platform("linux", "386"), "linux/i386"));
  CHECK(fits(platform("darwin", "arm64"), "macos/arm64"));
}

TEST_CASE("arm alone is its variant v7; another variant is another platform") {
  const Platform v6 = platform("linux", "arm", "v6");
  const Platform v7 = platform("linux", "arm", "v7");
  const Platform none = platform("linux", "arm");
  CHECK(fits(v7, "linux/arm"));
  CHECK(fits(none, "linux/arm"));
  CHECK(fits(none, "linux/arm/v7"));
  CHECK(fits(v7, "linux/armhf"));
  CHECK_FALSE(fits(v6, "linux/arm"));
  CHECK(fits(v6, "linux/arm/v6"));
  CHECK(fits(v6, "linux/armel"));
  CHECK_FALSE(fits(platform("linux", "arm64", "v8"), "linux/arm"));
  CHECK_FALSE(fits(platform("linux", "amd64", "v3"), "linux/amd64"));
  CHECK_FALSE(fits(platform("linux", "arm64", "v9"), "linux/arm64"));
}

TEST_CASE("os.version is compared only if it is requested") {
  const Platform old = platform("windows", "amd64", "", "10.0.17763.5122");
  CHECK(fits(old, "windows/amd64"));
  CHECK(fits(old, "windows(10.0.17763)/amd64"));
  CHECK(fits(old, "windows(10.0.17763.5122)/amd64"));
  CHECK_FALSE(fits(old, "windows(10.0.1776)/amd64"));
  CHECK_FALSE(fits(old, "windows(10.0.20348)/amd64"));
  CHECK_FALSE(fits(platform("windows", "amd64"), "windows(10.0.17763)/amd64"));
  CHECK_FALSE(fits(old, "linux/amd64"));
}

TEST_CASE("malformed platforms are refused") {
  for (const char* text : {"", "linux", "amd64", "/", "linux/", "/amd64", "linux/arm/v7/x", "linux/arm/", "linux//v7",
                           " linux/amd64", "linux/am d64", "windows(/amd64", "windows()/amd64", "(1)/amd64",
                           "windows(a/b)/amd64", "linux/*", "linux/\xC3\xA4", "linux/amd64\n"}) {
    CAPTURE(text);
    try {
      static_cast<void>(parse_platform(text));
      FAIL("it was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Usage);
    }
  }
}

TEST_CASE("a platform is printed as it is parsed, escaped") {
  CHECK(full_name(platform("linux", "arm", "v7")) == "linux/arm/v7");
  CHECK(full_name(platform("windows", "amd64", "", "10.0.1")) == "windows(10.0.1)/amd64");
  CHECK(full_name(platform("a\x1b", "b")) == "a\\u{1b}/b");
}

TEST_CASE("unknown/unknown, and a platform without an architecture, are no real platforms") {
  CHECK(is_real(platform("linux", "amd64")));
  CHECK_FALSE(is_real(platform("unknown", "unknown")));
  CHECK_FALSE(is_real(platform("linux", "")));
  CHECK_FALSE(is_real(platform("", "")));
}
