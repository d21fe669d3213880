#include "registry/challenge.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

namespace {
std::vector<Challenge> parse(const std::string& field) { return parse_challenges({field}); }
}  // namespace

TEST_CASE("a Bearer challenge gives realm, service and scope, quoted commas included") {
  const auto challenges =
      parse(R"(Bearer realm="https://auth.example/token?a=b",service="reg",scope="repository:x:pull,push")");
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].parameter("realm") == "https://auth.example/token?a=b");
  CHECK(challenges[0].parameter("service") == "reg");
  CHECK(challenges[0].parameter("scope") == "repository:x:pull,push");
  CHECK(challenges[0].parameter("error").empty());
}

TEST_CASE("case, spaces, escapes and unquoted values do not matter") {
  const auto challenges = parse(R"(  BEARER   Realm = "a\"b\\c" ,  SERVICE=reg-1.x , )");
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].parameter("realm") == R"(a"b\c)");
  CHECK(challenges[0].parameter("service") == "reg-1.x");
  const auto bare = parse("Bearer realm=https://auth.example/token?a=b,service=reg");
  REQUIRE(bare.size() == 1);
  CHECK(bare[0].parameter("realm") == "https://auth.example/token?a=b");
  CHECK(bare[0].parameter("service") == "reg");
}

TEST_CASE("several challenges are parsed from one field or several") {
  const auto in_one = parse(R"(Negotiate, Digest realm="d", nonce=x, Basic realm="b", Bearer realm="r")");
  const auto in_many =
      parse_challenges({"Negotiate", R"(Digest realm="d", nonce=x)", R"(Basic realm="b")", R"(Bearer realm="r")"});
  for (const auto& challenges : {in_one, in_many}) {
    REQUIRE(challenges.size() == 4);
    CHECK(challenges[1].parameter("nonce") == "x");
    CHECK(challenges[3].parameter("realm") == "r");
    CHECK(usable_challenge(challenges)->scheme == "basic");
    CHECK(token_challenge(challenges)->parameter("realm") == "r");
  }
}

TEST_CASE("a token68 is skipped") {
  const auto challenges = parse("Negotiate YWJj/+==, Basic realm=x");
  REQUIRE(challenges.size() == 2);
  CHECK(challenges[1].scheme == "basic");
}

TEST_CASE("a challenge without a known scheme and realm is ignored") {
  CHECK_FALSE(usable_challenge({}).has_value());
  CHECK_FALSE(usable_challenge(parse("Negotiate")).has_value());
  CHECK_FALSE(usable_challenge(parse("Bearer service=\"reg\"")).has_value());
  CHECK(usable_challenge(parse("Bearer service=\"reg\", BASIC realm=\"x\""))->scheme == "basic");
  for (const char* broken : {"", ",,,", "=", "\"", "Bearer realm=\"open", "\x01\x02", "@@@ Basic"}) {
    CAPTURE(broken);
    for (const auto& challenge : parse(broken)) CHECK(challenge.parameter("realm").empty());
  }
}
