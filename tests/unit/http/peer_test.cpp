#include "http/peer.hpp"

#include <doctest/doctest.h>

using namespace ociferry;
using namespace std::chrono_literals;

TEST_CASE("a certificate's times are parsed in OpenSSL's form only") {
  const auto day = std::chrono::sys_days(std::chrono::year(2026) / 11 / 9);
  CHECK(parse_certificate_time("Nov  9 06:18:05 2026 GMT") == day + 6h + 18min + 5s);
  for (const char* wrong : {"", "Nov 9 2026", "Nov 31 06:18:05 2026 GMT", "Nov  9 06:18:05 2026 CET", "Bad[\x1b"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_certificate_time(wrong).has_value());
  }
}

TEST_CASE("a certificate's known fields are read, and others ignored") {
  const PeerCertificate read = read_certificate(
      {"Subject:CN = a:b", "Issuer:CN = authority", "no colon", "Expire date:Nov  9 06:18:05 2026 GMT", "Cert:x"});
  CHECK(read.subject == "CN = a:b");
  CHECK(read.issuer == "CN = authority");
  CHECK(read.ends.has_value());
  CHECK_FALSE(read.begins.has_value());
}
