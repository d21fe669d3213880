#include "cli/command.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

struct Sample {
  Arguments arguments{"sample", "Usage: ociferry sample"};
  Sample() {
    arguments.flag("recursive,r", "flag");
    arguments.toggle("check", true, "toggle");
    arguments.text("output,o", "FILE", "text");
    arguments.number("jobs,j", 5, 1, 10, "number");
    arguments.list("file,f", "PATH", "list");
    arguments.repeated("bundle,b", "REF", "repeated");
    arguments.list("labels,l", "K=V", "map");
    arguments.positional("ARCHIVE");
  }
};

}  // namespace

TEST_CASE("options are read in every form that users write") {
  Sample sample;
  sample.arguments.parse({"-r", "--check=false", "-o", "out", "--jobs=3", "-f", "a,b", "--file", "c", "-b", "x,y", "-l",
                          "k=v,e=m=c", "archive.tar"});
  CHECK(sample.arguments.on("recursive"));
  CHECK_FALSE(sample.arguments.on("check"));
  CHECK(sample.arguments.text_of("output") == "out");
  CHECK(sample.arguments.number_of("jobs") == 3);
  CHECK(sample.arguments.list_of("file") == std::vector<std::string>{"a", "b", "c"});
  CHECK(sample.arguments.list_of("bundle") == std::vector<std::string>{"x,y"});
  CHECK(sample.arguments.map_of("labels") == std::map<std::string, std::string>{{"k", "v"}, {"e", "m=c"}});
  CHECK(sample.arguments.positional_value() == "archive.tar");
}

TEST_CASE("a switch does not swallow the word behind it") {
  Sample sample;
  sample.arguments.parse({"--recursive", "archive.tar", "--check", "-o", "x"});
  CHECK(sample.arguments.positional_value() == "archive.tar");
}

TEST_CASE("what was not given has its default") {
  Sample sample;
  sample.arguments.parse({});
  CHECK_FALSE(sample.arguments.on("recursive"));
  CHECK(sample.arguments.on("check"));
  CHECK(sample.arguments.number_of("jobs") == 5);
  CHECK_FALSE(sample.arguments.is_set("jobs"));
  CHECK(sample.arguments.list_of("file").empty());
  CHECK_FALSE(sample.arguments.optional_text("output").has_value());
  CHECK_THROWS_AS(static_cast<void>(sample.arguments.positional_value()), Error);
}

TEST_CASE("wrong command lines are refused as such") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--unknown"},
                                                {"--recur"},
                                                {"-o"},
                                                {"--jobs", "0"},
                                                {"--jobs", "11"},
                                                {"-j", "many"},
                                                {"one", "two"},
                                                {"--check=perhaps"}}) {
    Sample sample;
    try {
      sample.arguments.parse(words);
      FAIL("accepted: " << words.front());
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Usage);
      CHECK(error.hint_text().find("ociferry sample --help") != std::string::npos);
    }
  }
  Sample sample;
  sample.arguments.parse({"-l", "novalue"});
  CHECK_THROWS_AS(static_cast<void>(sample.arguments.map_of("labels")), Error);
}

TEST_CASE("times are written with or without a unit") {
  const auto seconds = [](const std::string& time) {
    Arguments arguments("sample", "");
    declare_common(arguments, CommonOptions::Registry);
    arguments.parse({"--registry-response-header-timeout", time});
    Context context;
    read_common(arguments, CommonOptions::Registry, context);
    return context.registry.response_header_timeout.count();
  };
  CHECK(seconds("45") == 45);
  CHECK(seconds("45s") == 45);
  CHECK(seconds("2m") == 120);
  CHECK(seconds("24h") == 86400);
  for (const char* bad : {"", "s", "-1", "0", "1d", "25h", "1.5s", "99999999999"}) CHECK_THROWS_AS(seconds(bad), Error);
}
