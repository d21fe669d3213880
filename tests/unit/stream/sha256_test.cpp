#include "stream/sha256.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

TEST_CASE("digests are those of FIPS 180-4") {
  CHECK(sha256("").text() == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc").text() == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_of("abc", "sha512").text() ==
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("a digest does not depend on the size of updates") {
  Hasher hasher;
  for (const char* part : {"a", "", "bc"}) hasher.update(as_bytes(part));
  CHECK(hasher.finish() == sha256("abc"));
}

TEST_CASE("a hasher can be moved") {
  Hasher first;
  first.update(as_bytes("ab"));
  Hasher second = std::move(first);
  second.update(as_bytes("c"));
  CHECK(second.finish() == sha256("abc"));
}

TEST_CASE("digest algorithms other than sha256 and sha512 are refused") {
  for (const char* name : {"md5", "sha1", "SHA256", ""}) CHECK_THROWS_AS((void)digest_of("abc", name), Error);
}
