#include "bundle/yaml_writer.hpp"

#include <doctest/doctest.h>

#include <string>

#include "bundle/yaml.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

/// What is written after "k: " for `text`.
std::string value_of(const std::string& text) {
  const std::string yaml = to_yaml(Json::Object{{"k", Json(text)}});
  INFO(yaml);
  CHECK(parse_yaml(yaml, "test", RepeatedKeys::Refuse).string_at("k") == text);
  return yaml.substr(3, yaml.size() - 4);
}

/// The line or lines that `text` makes as a key of 1.
std::string key_line(const std::string& text) {
  const std::string yaml = to_yaml(Json::Object{{text, Json(1)}});
  INFO(yaml);
  CHECK(parse_yaml(yaml, "test", RepeatedKeys::Refuse) == Json(Json::Object{{text, Json(1)}}));
  return yaml.substr(0, yaml.size() - 1);
}

}  // namespace

TEST_CASE("text is written in imgpkg's style, and read back unchanged") {
  const std::pair<const char*, const char*> kTable[] = {
      {"a", "a"},
      {"a b", "a b"},
      {"a:b", "a:b"},
      {"a: b", "'a: b'"},
      {"a:", "'a:'"},
      {":", "':'"},
      {":a", ":a"},
      {"a #b", "'a #b'"},
      {"a#b", "a#b"},
      {"#a", "'#a'"},
      {"- a", "'- a'"},
      {"-a", "-a"},
      {"-", "'-'"},
      {"?", "'?'"},
      {"?a", "?a"},
      {"---", "'---'"},
      {"...x", "'...x'"},
      {"it's", "it's"},
      {"'", "''''"},
      {"\"a\"", "'\"a\"'"},
      {"a\"b", "a\"b"},
      {"a\\b", "a\\b"},
      {"[a]", "'[a]'"},
      {"a[b],{c}", "a[b],{c}"},
      {"!a", "'!a'"},
      {"%a", "'%a'"},
      {"@a", "'@a'"},
      {" a", "' a'"},
      {"a ", "'a '"},
      {"", "\"\""},
      {"~", "\"~\""},
      {"yes", "\"yes\""},
      {"1", "\"1\""},
      {"1.5", "\"1.5\""},
      {"1:30", "\"1:30\""},
      {"2020-01-01", "\"2020-01-01\""},
      {"2020-13-01", "2020-13-01"},
      {"a\tb", "\"a\\tb\""},
      {"a\x01\x1b\x7f", "\"a\\x01\\e\\x7F\""},
      {"a\rb", "\"a\\rb\""},
      {"\xC2\xA0x", "\xC2\xA0x"},
      {"\xC2\x85", "\"\\N\""},
      {"\xE2\x80\xA8", "\"\\L\""},
      {"\xEF\xBB\xBF", "\"\\uFEFF\""},
      {"\xF0\x9F\x98\x80", "\"\\U0001F600\""},
      {"\xC3\xA9", "\xC3\xA9"},
      {"a\nb", "|-\n  a\n  b"},
      {"a\nb\n", "|\n  a\n  b"},
      {"a\n\n", "|+\n  a\n"},
      {"\n", "|2+\n"},
      {"\na", "|2-\n\n  a"},
      {" a\nb", "|2-\n   a\n  b"},
      {"a\n  b", "|-\n  a\n    b"},
      {"a \nb", "\"a \\nb\""},
      {"a\nb ", "\"a\\nb \""},
      {"a\n\tb", "\"a\\n\\tb\""},
      {"# a\n- b", "|-\n  # a\n  - b"},
  };
  for (const auto& row : kTable) {
    const auto& text = row.first;
    const auto& written = row.second;
    INFO(std::string(text));
    CHECK(value_of(text) == written);
  }
}

TEST_CASE("long text is folded at the first single space after 80 columns") {
  const std::string a(40, 'a');
  const std::string b(40, 'b');
  CHECK(value_of(a + " " + b + " c d") == a + " " + b + "\n  c d");
  CHECK(value_of(a + " " + b + "  c d") == a + " " + b + "  c\n  d");
  CHECK(value_of("x: " + a + " " + b + " c'd") == "'x: " + a + " " + b + "\n  c''d'");
  CHECK(value_of("\t" + a + " " + b + " c") == "\"\\t" + a + " " + b + "\n  c\"");
  CHECK(value_of("\t" + a + " " + b + "  c") == "\"\\t" + a + " " + b + "\n  \\ c\"");
  CHECK(value_of(" " + a + b + " ") == "' " + a + b + " '");
  CHECK(value_of(a + b + a) == a + b + a);
  std::string umlauts;
  for (int i = 0; i < 60; ++i) umlauts += "\xC3\xBC";
  CHECK(value_of(umlauts + " x y") == umlauts + " x y");
}

TEST_CASE("keys are never folded, and long or multi-line ones follow a question mark") {
  const std::string long_key = std::string(90, 'a') + " b c";
  CHECK(key_line(long_key) == long_key + ": 1");
  CHECK(key_line("y") == "\"y\": 1");
  CHECK(key_line("<<") == "\"<<\": 1");
  CHECK(key_line("a: b") == "'a: b': 1");
  CHECK(key_line("") == "\"\": 1");
  CHECK(key_line(std::string(129, 'a')) == "? " + std::string(129, 'a') + "\n: 1");
  CHECK(key_line("a\nb") == "? |-\n  a\n  b\n: 1");
}

TEST_CASE("lists stay at their key's indent, mappings are indented and sorted") {
  const Json json = Json::Object{
      {"z", Json::Array{Json::Object{{"b", 1}, {"a", Json::Object{{"c", true}}}}, "x", Json::Array{1, Json()}}},
      {"e", Json::Object{}},
      {"d", Json::Array{}},
      {"a10", 1.5},
      {"a9", Json()}};
  const std::string yaml = "a9: null\na10: 1.5\nd: []\ne: {}\nz:\n- a:\n    c: true\n  b: 1\n- x\n- - 1\n  - null\n";
  CHECK(to_yaml(json) == yaml);
  CHECK(to_yaml(Json("x")) == "x\n");
  CHECK(to_yaml(Json("a: 1\nb\n")) == "|\n  a: 1\n  b\n");
  CHECK(to_yaml(Json::Array{}) == "[]\n");
}

TEST_CASE("text for one line is never folded") {
  const std::string words = std::string(90, 'a') + " b c";
  CHECK(yaml_text(words) == words);
  CHECK(yaml_text("a\nb") == "\"a\\nb\"");
  CHECK(yaml_text("1") == "\"1\"");
  CHECK(yaml_text("a") == "a");
}

TEST_CASE("text that is not UTF-8 cannot be written") {
  CHECK_THROWS_AS((void)to_yaml(Json("\xFF")), Error);
  CHECK_THROWS_AS((void)yaml_text("a\xC3"), Error);
}
