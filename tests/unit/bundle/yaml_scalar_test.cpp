#include "bundle/yaml_scalar.hpp"

#include <doctest/doctest.h>

#include "bundle/yaml_time.hpp"

using namespace ociferry;

namespace {

std::string as_text(std::string_view plain) { return scalar_text(resolve_plain_scalar(plain)); }
std::string as_key(std::string_view plain) { return key_text(resolve_plain_scalar(plain)); }

}  // namespace

TEST_CASE("plain scalars have the types of YAML 1.1") {
  for (const char* word : {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) {
    INFO(std::string(word));
    CHECK(resolve_plain_scalar(word) == Json(true));
  }
  for (const char* word : {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
    INFO(std::string(word));
    CHECK(resolve_plain_scalar(word) == Json(false));
  }
  for (const char* word : {"", "~", "null", "Null", "NULL"}) CHECK(resolve_plain_scalar(word).is_null());
  for (const char* word : {"yEs", "tRUE", "nUll", "oN", "none", "ok"}) {
    CHECK(resolve_plain_scalar(word) == Json(word));
  }
}

TEST_CASE("whole numbers are read in Go's bases") {
  const std::pair<const char*, std::int64_t> kTable[] = {{"0", 0},
                                                         {"-0", 0},
                                                         {"+7", 7},
                                                         {"-12", -12},
                                                         {"1_000", 1000},
                                                         {"010", 8},
                                                         {"0o10", 8},
                                                         {"0O10", 8},
                                                         {"0x1F", 31},
                                                         {"-0x10", -16},
                                                         {"0b101", 5},
                                                         {"-0b11", -3},
                                                         {"0b-11", -3},
                                                         {"0x_f", 15},
                                                         {"9223372036854775807", 9223372036854775807},
                                                         {"-9223372036854775808", -9223372036854775807 - 1}};
  for (const auto& row : kTable) {
    const auto& plain = row.first;
    const auto& number = row.second;
    INFO(std::string(plain));
    CHECK(resolve_plain_scalar(plain) == Json(number));
  }
  CHECK(as_text("18446744073709551615") == "18446744073709551615");
  CHECK(as_text("0xffffffffffffffff") == "18446744073709551615");
  CHECK(as_text("18446744073709551616") == "1.8446744073709552e+19");
  CHECK(as_text("-9223372036854775809") == "-9.223372036854776e+18");
  CHECK(as_text("0x10000000000000000") == "0x10000000000000000");
}

TEST_CASE("floating-point numbers become Go's shortest text") {
  const std::pair<const char*, const char*> kTable[] = {{"1.50", "1.5"},
                                                        {"1.0", "1"},
                                                        {"1.", "1"},
                                                        {".5", "0.5"},
                                                        {"-.5", "-0.5"},
                                                        {"+1.5", "1.5"},
                                                        {"1e3", "1000"},
                                                        {"1e5", "100000"},
                                                        {"1e6", "1e+06"},
                                                        {"1234567.0", "1.234567e+06"},
                                                        {"123456.7", "123456.7"},
                                                        {"1e-4", "0.0001"},
                                                        {"1e-5", "1e-05"},
                                                        {"1E+100", "1e+100"},
                                                        {"08", "8"},
                                                        {"09.5", "9.5"},
                                                        {".inf", "+Inf"},
                                                        {"-.INF", "-Inf"},
                                                        {".nan", "NaN"},
                                                        {"1e-999", "0"},
                                                        {"-0.0", "-0"},
                                                        {"1_0.5", "10.5"},
                                                        {".5_0", "0.5"},
                                                        {"0.1", "0.1"}};
  for (const auto& row : kTable) {
    const auto& plain = row.first;
    const auto& text = row.second;
    INFO(std::string(plain));
    CHECK(resolve_plain_scalar(plain).as_double() != nullptr);
    CHECK(as_text(plain) == text);
  }
}

TEST_CASE("text that only looks like a number is text") {
  for (const char* plain : {"+",   "-",     ".",   "..",  "1.2.3", "1e",  "e3",  "0x",   "0xg", "0b2", "0o8", "1-2",
                            "+-1", "1e999", "._5", ".5_", "0x1p3", "inf", "nan", "1:30", "v1",  "1 2", "--1", "-"}) {
    INFO(std::string(plain));
    CHECK(resolve_plain_scalar(plain) == Json(plain));
  }
}

TEST_CASE("keys are rounded to 32 bits") {
  CHECK(as_key("0.1") == "0.1");
  CHECK(as_key("1.23456789012") == "1.2345679");
  CHECK(as_key(".inf") == ".inf");
  CHECK(as_key("-.inf") == "-.inf");
  CHECK(as_key(".nan") == ".nan");
  CHECK(as_key("n") == "false");
  CHECK(as_key("007") == "7");
}

TEST_CASE("existing dates and times are distinguished from text") {
  for (const char* text : {"2020-01-01", "2020-1-1", "2024-02-29", "2020-01-01T00:00:00Z", "2020-1-1t1:2:3.5+02:00",
                           "2020-01-01 23:59:59", "2020-01-01 1:2:3.123456", "2020-01-01T00:00:00,5Z"}) {
    INFO(std::string(text));
    CHECK(is_yaml_timestamp(text));
    CHECK_FALSE(reads_as_text(text));
    CHECK(resolve_plain_scalar(text) == Json(text));
  }
  for (const char* text :
       {"2020-13-01", "2023-02-29", "2020-01", "20-01-01", "2020-01-01T00:00:00", "2020-01-01 24:00:00",
        "2020-01-01 00:00:00Z", "2020-01-01T00:60:00Z", "2020-01-01T00:00:00.Z", "2020-01-01x", "2020-01-00",
        "2020-01-01T00:00Z", "2020-01-01T00:00:00+2:00", "02020-01-01"}) {
    INFO(std::string(text));
    CHECK_FALSE(is_yaml_timestamp(text));
  }
}

TEST_CASE("base-60 numbers are distinguished from text") {
  for (const char* text : {"1:30", "-1:30", "+190:20:30.15", "1_0:5", "0:0", "1:30."}) {
    INFO(std::string(text));
    CHECK(is_base60(text));
    CHECK_FALSE(reads_as_text(text));
  }
  for (const char* text : {"1:60", "1:30:60", "1:", ":30", "a:30", "1:300", "1:30x", "", "12", "_1:30"}) {
    INFO(std::string(text));
    CHECK_FALSE(is_base60(text));
  }
}

TEST_CASE("text that no parser takes for another type needs no quotes") {
  for (const char* text : {"a", "v1.0", "1.2.3", "yess", "Null2", "sha256:12", "<<", "=", "- a"}) {
    INFO(std::string(text));
    CHECK(reads_as_text(text));
  }
  for (const char* text : {"", "~", "y", "off", "1", "1.5", "1e3", "0x10", "0o10", "1_000", ".inf", "+.INF"}) {
    INFO(std::string(text));
    CHECK_FALSE(reads_as_text(text));
  }
}
