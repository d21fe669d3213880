#include "ociferry/digest.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

const std::string kHex64(64, 'a');
const std::string kHex128(128, '0');

}  // namespace

TEST_CASE("canonical sha256 and sha512 digests are accepted") {
  const Digest digest = Digest::parse("sha256:" + kHex64);
  CHECK(digest.text() == "sha256:" + kHex64);
  CHECK(digest.algorithm() == "sha256");
  CHECK(digest.hex() == kHex64);
  CHECK(Digest::parse("sha512:" + kHex128).algorithm() == "sha512");
  CHECK(Digest::parse("sha512:" + kHex128).hex() == kHex128);
}

TEST_CASE("other digests are refused") {
  const std::string bad[] = {"",
                             "sha256",
                             "sha256:",
                             kHex64,
                             "sha256:" + kHex64.substr(1),
                             "sha256:" + kHex64 + "a",
                             "sha256:" + kHex128,
                             "sha512:" + kHex64,
                             "sha384:" + std::string(96, 'a'),
                             "md5:" + std::string(32, 'a'),
                             "SHA256:" + kHex64,
                             "sha256:" + std::string(64, 'A'),
                             "sha256:" + std::string(64, 'g'),
                             "sha256:" + kHex64.substr(1) + "/",
                             "sha256:" + kHex64.substr(2) + "..",
                             "sha256:" + kHex64.substr(1) + '\0',
                             " sha256:" + kHex64,
                             "sha256-" + kHex64};
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK_FALSE(Digest::try_parse(text).has_value());
    CHECK_THROWS_AS((void)Digest::parse(text), Error);
  }
}

TEST_CASE("an error quotes only the beginning of a malformed digest") {
  try {
    (void)Digest::parse(std::string(100'000, 'x'));
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
    CHECK(error.message().size() < 300);
  }
}

TEST_CASE("digests compare by their text") {
  std::vector<std::string> texts;
  for (const std::string algorithm : {"sha256:", "sha512:"}) {
    const std::string hex = algorithm == "sha256:" ? kHex64 : kHex128;
    texts.push_back(algorithm + hex);
    for (const std::size_t place : {std::size_t{0}, std::size_t{14}, std::size_t{15}, hex.size() - 1}) {
      for (const char other : {'1', '9', 'f'})
        texts.push_back(algorithm + std::string(hex).replace(place, 1, 1, other));
    }
  }
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      CAPTURE(a);
      CAPTURE(b);
      CHECK((Digest::parse(a) <=> Digest::parse(b)) == (a <=> b));
      CHECK((Digest::parse(a) == Digest::parse(b)) == (a == b));
    }
  }
}
