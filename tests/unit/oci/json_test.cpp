#include "oci/json.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "oci/limits.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

Json parse(std::string_view text) { return Json::parse(text, "test"); }

std::string json_error(std::string_view text) {
  try {
    (void)parse(text);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
    return error.message();
  }
  return "";
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("values are parsed with their types") {
  CHECK(parse("null").is_null());
  CHECK(*parse("true").as_bool());
  CHECK(*parse("\"a\\u00e9\\n\"").as_string() == "aé\n");
  CHECK(parse("[1, 2]").as_array()->size() == 2);
  CHECK(parse("{\"a\": {\"b\": 1}}").find("a")->find("b")->as_int() != nullptr);
  CHECK(parse("1.5").as_int() == nullptr);
  CHECK(*parse("1.5").as_double() == 1.5);
}

TEST_CASE("integers are exact, and those out of range are not integers") {
  CHECK(*parse("9223372036854775807").as_int() == std::numeric_limits<std::int64_t>::max());
  CHECK(*parse("-9223372036854775808").as_int() == std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"9223372036854775808", "18446744073709551615", "18446744073709551616", "1.0", "1e3"}) {
    CAPTURE(text);
    CHECK(parse(text).as_int() == nullptr);
    CHECK(parse(text).as_double() != nullptr);
  }
  CHECK_THROWS_AS(Json(std::uint64_t{1} << 63), Error);
}

TEST_CASE("objects keep the order of their keys") {
  CHECK(parse(R"({"z":1,"a":{"y":[],"b":{}},"m":null})").dump() == R"({"z":1,"a":{"y":[],"b":{}},"m":null})");
}

TEST_CASE("absent members are null, and members of another type no strings") {
  const Json json = parse(R"({"s":"x","n":1})");
  CHECK(json.find("absent") == nullptr);
  CHECK(parse("[1]").find("s") == nullptr);
  CHECK(json.string_at("s") == "x");
  CHECK(json.string_at("n").empty());
  CHECK(json.string_at("absent").empty());
}

TEST_CASE("a key that occurs twice is refused") {
  CHECK(json_error(R"({"a":1,"b":2,"a":3})") == "test: the key \"a\" occurs twice");
  CHECK(json_error(R"({"a":1,"\u0061":3})") == "test: the key \"a\" occurs twice");
  CHECK(json_error(R"([{"a":1},{"a":2},{"b":{"a":3},"a":4}])") == "");
}

TEST_CASE("anything but exactly one JSON document is refused") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{} {}",
                           "{}x",
                           "'a'",
                           "nul",
                           "NaN",
                           "01",
                           "+1",
                           "1e999",
                           "// c\n1",
                           "/* c */ 1",
                           "\"\t\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\xEF\xBB\xBF{}"}) {
    CAPTURE(text);
    CHECK(json_error(text).find("test: ") == 0);
  }
  CHECK(json_error(std::string("{}\0{}", 5)) == "test: not valid JSON at byte 3");
  CHECK(json_error("{\"a\": ?}") == "test: not valid JSON at byte 7");
}

TEST_CASE("nesting is limited") {
  CHECK(json_error(nested(limits::kDocumentDepth)) == "");
  CHECK(json_error(nested(limits::kDocumentDepth + 1)) == "test: nested too deeply");
  CHECK(json_error(std::string(5'000'000, '[')) == "test: nested too deeply");
}

TEST_CASE("compact text has the escapes of Go's encoder") {
  CHECK(Json("<a> & \"b\" \\ / 'c'").dump() == R"("\u003ca\u003e \u0026 \"b\" \\ / 'c'")");
  CHECK(Json(std::string("\b\f\n\r\t\x01\x1f\x7f\0", 9)).dump() == "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000\"");
  CHECK(Json("é 中 😀").dump() == "\"é 中 😀\"");
  CHECK(Json("a\u2028b\u2029c\u2027d").dump() == "\"a\\u2028b\\u2029c\u2027d\"");
  CHECK(Json(Json::Object{{"<", "x"}}).dump() == R"({"\u003c":"x"})");
}

TEST_CASE("compact text is valid JSON even if a string is not UTF-8") {
  CHECK(Json("a\xff\xc3(b\xe2\x80").dump() == R"("a\ufffd\ufffd(b\ufffd\ufffd")");
  CHECK(Json("\xed\xa0\x80").dump() == R"("\ufffd\ufffd\ufffd")");
  CHECK_NOTHROW((void)parse(Json("\xf0\x9f\x98").dump()));
}

TEST_CASE("pretty text is indented and pure ASCII") {
  const Json json = Json::Object{{"a", Json::Array{1, true, nullptr}}, {"e", Json::Array{}}, {"é", "😀\x1b\xff"}};
  const std::string text = json.dump_pretty();
  CHECK(text ==
        "{\n  \"a\": [\n    1,\n    true,\n    null\n  ],\n  \"e\": [],\n  \"\\u00e9\": "
        "\"\\ud83d\\ude00\\u001b\\ufffd\"\n}");
}

TEST_CASE("a document that needs no repair is the same to a lenient reader") {
  for (const std::string_view text :
       {R"({"a-1":"x-9 \"q\" \\ \u00e9 é \ud83d\ude00","n":[-1.5e3,0,12345678901234,true,null],"":"","end":"\\"})",
        R"([ -0 , "" , {} , "1e999" ])", "7", R"("only text, 1 and -2")", R"("\"")"}) {
    CAPTURE(text);
    CHECK(Json::parse_leniently(text, "test") == parse(text));
  }
}

TEST_CASE("what only lenient readers accept is repaired, and nothing beside it") {
  const Json repaired = Json::parse_leniently("{\"a\xFFz\":[1,1e999,-1e999,2],\"b\":\"c\\ud800d\\udc00\xC3\"}", "test");
  CHECK(repaired == parse("{\"a\uFFFDz\":[1,0,0,2],\"b\":\"c\uFFFDd\uFFFD\uFFFD\"}"));
}

TEST_CASE("JSON round-trips") {
  const Json json = Json::Object{
      {"text", "<\u2028\"\\\n>"}, {"number", std::int64_t{-1}}, {"real", 0.25}, {"list", Json::Array{false, Json()}}};
  CHECK(parse(json.dump()) == json);
  CHECK(parse(json.dump_pretty()) == json);
}

TEST_CASE("more values than the limit are refused, containers included") {
  CHECK(Json::parse(R"([1,{"a":2}])", "test", 4).as_array()->size() == 2);
  CHECK_THROWS_AS((void)Json::parse(R"([1,{"a":2}])", "test", 3), Error);
  CHECK_THROWS_AS((void)Json::parse("1", "test", 0), Error);
}

TEST_CASE("the number of values is limited, even for short ones") {
  std::string text = "[0";
  for (std::size_t i = 1; i < limits::kJsonValues; ++i) text += ",0";
  CHECK_THROWS_WITH_AS((void)parse(text + "]"), doctest::Contains("more than 2500000 values"), Error);
}
