#include "stream/base64.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ociferry;

TEST_CASE("the examples of RFC 4648 are encoded and decoded") {
  struct Row {
    const char* plain;
    const char* encoded;
  };
  for (const Row& row : {Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"}, Row{"foob", "Zm9vYg=="},
                         Row{"fooba", "Zm9vYmE="}, Row{"foobar", "Zm9vYmFy"}}) {
    CAPTURE(row.plain);
    CHECK(base64_encoded(row.plain) == row.encoded);
    CHECK(base64_decoded(row.encoded) == row.plain);
    std::string unpadded = row.encoded;
    std::erase(unpadded, '=');
    CHECK(base64_decoded(unpadded) == row.plain);
  }
}

TEST_CASE("every byte round-trips in base64, in both alphabets") {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  CHECK(base64_decoded(base64_encoded(bytes)) == bytes);
  CHECK(base64_encoded("\xfb\xff") == "+/8=");
  CHECK(base64url_decoded("-_8") == "\xfb\xff");
  CHECK_FALSE(base64url_decoded("+/8=").has_value());
  CHECK_FALSE(base64_decoded("-_8=").has_value());
}

TEST_CASE("malformed base64 is refused, white space included") {
  for (const char* bad : {"Z", "Zg=Zg==", " Zg==", "Zg==\n", "Zm 9v", "Zm9v\n", "Zm9vY", "Zg\x80=", "a,bc"}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decoded(bad).has_value());
  }
  CHECK_FALSE(base64_decoded(std::string_view("Zm\0v", 4)).has_value());
}
