#include "stream/crc32.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ociferry;

TEST_CASE("crc32 has the known values") {
  CHECK(crc32(0, as_bytes("")) == 0);
  CHECK(crc32(0, as_bytes("123456789")) == 0xCBF43926);  // the check value that catalogues of CRCs give
  CHECK(crc32(0, as_bytes(std::string(32, '\0'))) == 0x190A55AD);
}

TEST_CASE("crc32 can be computed in parts") {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CHECK(crc32(crc32(0, as_bytes(text.substr(0, cut))), as_bytes(text.substr(cut))) == 0x414FA339);
  }
}
