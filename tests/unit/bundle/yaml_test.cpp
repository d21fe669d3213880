#include "bundle/yaml.hpp"

#include <doctest/doctest.h>

#include <string>

#include "bundle/limits.hpp"
#include "lock_checks.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

Json parse(const std::string& yaml) { return parse_yaml(yaml, "test", RepeatedKeys::Refuse); }

std::string yaml_refusal(const std::string& yaml) {
  const std::string message = refusal_by([&] { static_cast<void>(parse(yaml)); });
  CHECK(message.starts_with("test: "));
  return message;
}

bool yaml_refused_with(const std::string& yaml, const std::string& part) {
  const std::string message = yaml_refusal(yaml);
  INFO(message);
  return message.find(part) != std::string::npos;
}

std::string repeat(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("mappings, lists and scalars are read in their order") {
  CHECK(parse("b: 1\na:\n- x\n- [v, {z: ~}]\n'1': \"1\"\n").dump() == R"({"b":1,"a":["x",["v",{"z":null}]],"1":"1"})");
  CHECK(parse("- a\n- 'it''s'\n- \"\\u00e9\\n\"\n- |\n  x\n  y\n- >-\n  x\n  y\n").dump() ==
        "[\"a\",\"it's\",\"\xC3\xA9\\n\",\"x\\ny\\n\",\"x y\"]");
}

TEST_CASE("every escape becomes a whole character") {
  const std::string yaml = R"("\N\_\x85\xa0\L\P\u00e9\U0001F600 \/\e é\N")";
  CHECK(*parse(yaml).as_string() == "\u0085\u00a0\u0085\u00a0\u2028\u2029\u00e9\U0001F600 /\x1b \u00e9\u0085");
}

TEST_CASE("keys that are numbers or booleans become text") {
  CHECK(parse("1: a\n1.50: b\ny: c\n").dump() == R"({"1":"a","1.5":"b","true":"c"})");
  CHECK(yaml_refused_with("~: a\n", "a key must not be null"));
  CHECK(yaml_refused_with("? [a]\n: b\n", "a key must be a single value"));
  CHECK(yaml_refused_with("{a: b}: c\n", "a key must be a single value"));
}

TEST_CASE("a file without a document is null, and only the first document counts") {
  CHECK(parse("").is_null());
  CHECK(parse("# only a comment\n").is_null());
  CHECK(parse("---\n---\na: 1\n").is_null());
  CHECK(parse("a: 1\n---\na: [\n").dump() == R"({"a":1})");
}

TEST_CASE("repeated keys are refused, or the last one counts") {
  CHECK(yaml_refused_with("a: 1\nb: 2\na: 3\n", "the key \"a\" occurs twice (line 3, column 1)"));
  CHECK(yaml_refused_with("{\"1\": a, 1: b}", "occurs twice"));
  CHECK(parse_yaml("a: 1\nb: 2\na: {c: 3}\n", "test", RepeatedKeys::LastCounts).dump() == R"({"a":{"c":3},"b":2})");
}

TEST_CASE("anchors, aliases and merge keys are refused") {
  std::string bomb = "a: &a [x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string previous(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + repeat("*" + previous + ",", 9) + "]\n";
  }
  CHECK(yaml_refused_with(bomb, "anchors are not accepted"));
  CHECK(yaml_refused_with("a: &x 1\n", "anchors are not accepted"));
  CHECK(yaml_refused_with("a: &x {b: 1}\n", "anchors are not accepted"));
  CHECK(yaml_refused_with("a: &x\n", "anchors are not accepted"));
  CHECK(yaml_refused_with("&x a: 1\n", "anchors are not accepted"));
  CHECK(yaml_refused_with("a: *x\n", "test: "));
  CHECK(yaml_refused_with("<<: {a: 1}\n", "merge keys are not accepted"));
  CHECK(parse("\"<<\": 1\na: <<\n").dump() == "{\"\\u003c\\u003c\":1,\"a\":\"\\u003c\\u003c\"}");
}

TEST_CASE("tags that change a value's type are refused") {
  CHECK(parse("a: !!str 1\n").dump() == R"({"a":"1"})");
  CHECK(yaml_refused_with("a: !!binary aGk=\n", "tags are not accepted"));
  CHECK(yaml_refused_with("a: !!int 1\n", "tags are not accepted"));
  CHECK(yaml_refused_with("a: !python/object x\n", "tags are not accepted"));
  CHECK(yaml_refused_with("a: !<tag:example.org,2000:x> y\n", "tags are not accepted"));
  CHECK(yaml_refused_with("a: !!map {}\n", "tags are not accepted"));
  CHECK(yaml_refused_with("a: !x [1]\n", "tags are not accepted"));
  CHECK(yaml_refused_with("a: !x\n", "tags are not accepted"));
}

TEST_CASE("nesting is limited") {
  const std::size_t most = limits::kDocumentDepth;
  CHECK_FALSE(parse(repeat("[", most) + repeat("]", most)).is_null());
  CHECK(yaml_refused_with(repeat("[", most + 1) + repeat("]", most + 1), "nested too deeply"));
  CHECK(yaml_refused_with(repeat("[", 100'000), "test: "));
  CHECK(yaml_refused_with(repeat("{a: ", 100'000), "test: "));
  CHECK(yaml_refused_with(repeat("- ", 100'000), "test: "));
  CHECK(yaml_refused_with(repeat("? ", 100'000), "test: "));
}

TEST_CASE("size and number of values are limited") {
  CHECK(yaml_refused_with(std::string(limits::kYamlBytes + 1, ' '), "larger than"));
  CHECK(yaml_refused_with("[" + repeat("1,", limits::kYamlLineMarks) + "]", "commas and brackets"));
  CHECK(parse("[" + repeat("1,\n", limits::kYamlLineMarks) + "]").as_array()->size() == limits::kYamlLineMarks);
  CHECK(yaml_refused_with(repeat("- \n", limits::kYamlNodes + 1), "more than"));
}

TEST_CASE("bytes that YAML does not allow are refused") {
  CHECK(yaml_refused_with("a: \xFF\n", "not UTF-8"));
  CHECK(yaml_refused_with("a: \xC0\x80\n", "not UTF-8"));
  CHECK(
      yaml_refused_with("\xFF\xFE"
                        "a\0",
                        "not UTF-8"));
  CHECK(yaml_refused_with(std::string("a: b\0c\n", 7), "control character"));
  CHECK(yaml_refused_with("a: 1\n\x04\nkind: x\n", "control character"));
  CHECK(yaml_refused_with("a: \x1B[31m\n", "control character"));
  CHECK(yaml_refused_with("a: \x7F\n", "control character"));
  CHECK(
      yaml_refused_with("a: \xC2\x9B"
                        "31m\n",
                        "control character"));
  CHECK(parse("a: x\xC2\x85y\n").string_at("a") == "x\xC2\x85y");
  CHECK(parse("\xEF\xBB\xBF"
              "a: b\n")
            .string_at("a") == "b");
}

TEST_CASE("text that is not YAML is refused with its place") {
  CHECK(yaml_refused_with("a: [1, 2\n", "line "));
  CHECK(yaml_refused_with("a: b: c\n", "line 1"));
  CHECK(yaml_refused_with("a: 1\n  b: 2\n", "line 2"));
  CHECK(yaml_refused_with("\"abc", "test: "));
  CHECK(yaml_refused_with("a: \"\\q\"\n", "test: "));
  CHECK(yaml_refused_with("a: \"\\ud83d\"\n", "test: "));
  CHECK(yaml_refused_with("a: @b\n", "test: "));
}
