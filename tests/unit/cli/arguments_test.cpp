#include "cli/command.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "base/sizes.hpp"
#include "cli/flag_syntax.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

struct Sample {
  Arguments arguments;
  explicit Sample(CalledAs called_as = CalledAs::Ociferry)
      : arguments("ociferry sample", "Usage: ociferry sample", called_as) {
    arguments.flag("recursive,r", "flag");
    arguments.toggle("check", true, "toggle");
    arguments.text("output,o", "FILE", "text");
    arguments.number("jobs,j", 5, 1, 10, "number");
    arguments.optional_number("level", 1, 10, "number");
    arguments.list("file,f", "PATH", "list");
    arguments.repeated("bundle,b", "REF", "repeated");
    arguments.map("labels,l", "map");
    arguments.alias("concurrency", "jobs");
    arguments.deprecated("files", "file");
    arguments.positional("ARCHIVE");
  }
};

}  // namespace

TEST_CASE("options are read in every form that users write") {
  Sample sample;
  sample.arguments.parse({"-r", "--check=false", "-o", "out", "--jobs=3", "--level", "7", "-f", "a,b", "--file", "c",
                          "-b", "x,y", "-l", "k=v,e=m=c", "archive.tar"});
  CHECK(sample.arguments.on("recursive"));
  CHECK_FALSE(sample.arguments.on("check"));
  CHECK(sample.arguments.text_of("output") == "out");
  CHECK(sample.arguments.number_of("jobs") == 3);
  CHECK(sample.arguments.optional_number_of("level") == 7);
  CHECK(sample.arguments.list_of("file") == std::vector<std::string>{"a", "b", "c"});
  CHECK(sample.arguments.list_of("bundle") == std::vector<std::string>{"x,y"});
  CHECK(sample.arguments.map_of("labels") == std::map<std::string, std::string>{{"k", "v"}, {"e", "m=c"}});
  CHECK(sample.arguments.positional_value() == "archive.tar");
}

TEST_CASE("a switch does not take the next word as its value") {
  Sample sample;
  sample.arguments.parse({"--recursive", "archive.tar", "--check", "-o", "x"});
  CHECK(sample.arguments.positional_value() == "archive.tar");
}

TEST_CASE("an option with an optional value takes it after an equals sign only") {
  const auto parsed = [](const std::vector<std::string>& words) {
    auto arguments = std::make_unique<Arguments>("ociferry sample", "Usage: ociferry sample");
    arguments->word("compact,c", "fast|small", "fast", "word");
    arguments->positional("ARCHIVE", true);
    arguments->parse(words);
    return arguments;
  };
  CHECK_FALSE(parsed({"a.tar"})->is_set("compact"));
  CHECK(parsed({"a.tar"})->text_of("compact").empty());
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--compact", "small"}, {"small", "--compact"}, {"-c", "small"}}) {
    const auto alone = parsed(words);
    CHECK(alone->is_set("compact"));
    CHECK(alone->text_of("compact") == "fast");
    CHECK(alone->positional_values() == std::vector<std::string>{"small"});
  }
  CHECK(parsed({"--compact=small", "a.tar"})->text_of("compact") == "small");
  CHECK(parsed({"-c=small", "a.tar"})->text_of("compact") == "small");
  CHECK(parsed({"--compact=fast", "a.tar"})->text_of("compact") == "fast");
  CHECK_FALSE(parsed({"--compact=", "a.tar"})->is_set("compact"));
  CHECK_THROWS_WITH_AS(parsed({"--compact=small", "--compact"}),
                       "--compact (-c) is given more than once, but only one value counts", Error);
  const auto help = parsed({})->help();
  CHECK(help.find("fast|small") != std::string::npos);
}

TEST_CASE("short options take their values as in Go's pflag") {
  Sample sample;
  sample.arguments.parse({"-rj3", "-o=out", "-bREF", "-b=x", "-f", "a", "--", "-r"});
  CHECK(sample.arguments.on("recursive"));
  CHECK(sample.arguments.number_of("jobs") == 3);
  CHECK(sample.arguments.text_of("output") == "out");
  CHECK(sample.arguments.list_of("bundle") == std::vector<std::string>{"REF", "x"});
  CHECK(sample.arguments.positional_value() == "-r");
}

TEST_CASE("an option with one value that is given twice is refused by its names, and no value is shown") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
      {{"-o", "secret", "--output", "b"}, "--output (-o) is given more than once"},
      {{"--output=secret", "-o", ""}, "--output (-o) is given more than once"},
      {{"-j", "2", "--concurrency", "2"}, "--jobs (-j) is given more than once"},
      {{"-r", "--recursive=false"}, "--recursive (-r) is given as true and as false"},
  };
  for (const auto& row : rows) {
    const std::string& expected = row.second;
    CAPTURE(expected);
    Sample sample;
    try {
      sample.arguments.parse(row.first);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Usage);
      CHECK(error.message() == expected + ", but only one value counts");
    }
  }
  Sample same;
  same.arguments.parse({"-r", "-r", "-o", "", "-f", "a", "-f", "b"});
  CHECK(same.arguments.on("recursive"));
  CHECK(same.arguments.warnings().empty());
}

TEST_CASE("with imgpkg's called_as the last value counts, with a warning, and an alias is the option") {
  Sample sample{CalledAs::Imgpkg};
  sample.arguments.parse({"-o", "a", "-j", "2", "--output", "", "--concurrency", "4", "-r", "-r=false", "--check=F"});
  CHECK(sample.arguments.warnings() ==
        std::vector<std::string>{"--output (-o) is given more than once: only the last value counts",
                                 "--jobs (-j) is given more than once: only the last value counts",
                                 "--recursive (-r) is given as true and as false: only the last value counts"});
  CHECK(sample.arguments.text_of("output").empty());
  CHECK_FALSE(sample.arguments.is_set("output"));
  CHECK(sample.arguments.number_of("jobs") == 4);
  CHECK_FALSE(sample.arguments.on("recursive"));
  CHECK_FALSE(sample.arguments.on("check"));
  CHECK(sample.arguments.deprecations().empty());
}

TEST_CASE("a deprecated name works and says which one to use") {
  Sample sample;
  sample.arguments.parse({"--files", "a", "-f", "b"});
  CHECK(sample.arguments.list_of("file") == std::vector<std::string>{"a", "b"});
  CHECK(sample.arguments.deprecations() ==
        std::vector<std::string>{"Flag --files has been deprecated, use '--file' instead"});
  CHECK(sample.arguments.help().find("--files") == std::string::npos);
}

TEST_CASE("lists are comma-separated with quotes, and a label with one equals sign is one value") {
  Sample sample;
  sample.arguments.parse({"-f", R"(a,"b,c",d"e)", "-f", "", "-l", "k=v, w", "-l", R"(a=1,"b=2,3")"});
  CHECK(sample.arguments.list_of("file") == std::vector<std::string>{"a", "b,c", "d\"e"});
  CHECK(sample.arguments.map_of("labels") ==
        std::map<std::string, std::string>{{"a", "1"}, {"b", "2,3"}, {"k", "v, w"}});
  Sample broken;
  broken.arguments.parse({"-f", "\"a,b"});
  CHECK_THROWS_AS(static_cast<void>(broken.arguments.list_of("file")), Error);
}

TEST_CASE("an option that is not given has its default") {
  Sample sample;
  sample.arguments.parse({});
  CHECK_FALSE(sample.arguments.on("recursive"));
  CHECK(sample.arguments.on("check"));
  CHECK(sample.arguments.number_of("jobs") == 5);
  CHECK_FALSE(sample.arguments.is_set("jobs"));
  CHECK_FALSE(sample.arguments.optional_number_of("level").has_value());
  CHECK(sample.arguments.list_of("file").empty());
  CHECK_FALSE(sample.arguments.optional_text("output").has_value());
  CHECK_THROWS_AS(static_cast<void>(sample.arguments.positional_value()), Error);
}

TEST_CASE("invalid command lines are refused with Error{Usage}") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--unknown"},
                                                {"--recur"},
                                                {"-o"},
                                                {"--jobs", "0"},
                                                {"--jobs", "11"},
                                                {"--level=0"},
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

TEST_CASE("errors of the command line have pflag's texts") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
      {{"--unknown=1"}, "unknown flag: --unknown"},
      {{"-rx"}, "unknown shorthand flag: 'x' in -rx"},
      {{"--output"}, "flag needs an argument: --output"},
      {{"-ro"}, "flag needs an argument: 'o' in -ro"},
      {{"--jobs=1x"}, "invalid argument \"1x\" for \"-j, --jobs\" flag: not a whole number"},
      {{"--jobs=99999999999"}, "invalid argument \"99999999999\" for \"-j, --jobs\" flag: the number is too large"},
      {{"a", "b"}, "command 'ociferry sample' does not accept extra arguments 'b'"},
  };
  for (const auto& [words, message] : rows) {
    Sample sample;
    try {
      sample.arguments.parse(words);
      FAIL("accepted: " << words.front());
    } catch (const Error& error) {
      CHECK(error.message() == message);
    }
  }
}

TEST_CASE("a command is found among options that stand before it") {
  const std::vector<FlagName> known = {{"tty", '\0', false}, {"column", '\0', true}, {"yes", 'y', false}};
  const auto at = [&](const std::vector<std::string>& words) { return first_plain_word(words, known); };
  CHECK(at({"push", "-b"}) == 0);
  CHECK(at({"--tty", "-y", "push"}) == 2);
  CHECK(at({"--column", "name", "tag"}) == 2);
  CHECK(at({"--column=name", "tag"}) == 1);
  CHECK(at({"-b", "REF", "push"}) == 2);
  CHECK_FALSE(at({"--tty"}).has_value());
  CHECK_FALSE(at({"--", "push"}).has_value());
}

TEST_CASE("durations are parsed as in Go, or as plain seconds") {
  const auto seconds = [](const std::string& time) {
    Arguments arguments("sample", "");
    declare_common(arguments, CommonOptions::Registry);
    arguments.parse({"--registry-response-header-timeout", time});
    Context context;
    read_common(arguments, CommonOptions::Registry, context);
    return std::chrono::duration_cast<std::chrono::seconds>(context.registry.response_header_timeout).count();
  };
  CHECK(seconds("45") == 45);
  CHECK(seconds("45s") == 45);
  CHECK(seconds("2m") == 120);
  CHECK(seconds("24h") == 86400);
  CHECK(seconds("1m30s") == 90);
  CHECK(seconds("1.5h") == 5400);
  CHECK(seconds("1.2s") == 2);
  CHECK(seconds("300ms") == 1);
  for (const char* bad : {"s", "-1", "0", "1d", "25h", "1m-5s", "1x", "99999999999", "1e3s", "nan"})
    CHECK_THROWS_AS(seconds(bad), Error);
}

TEST_CASE("the pause before a repetition is read in milliseconds, the wait for a busy registry in seconds") {
  Arguments arguments("sample", "");
  declare_common(arguments, CommonOptions::Registry);
  arguments.parse({"--registry-retry-delay", "1.5ms", "--registry-rate-limit-wait", "6h"});
  Context context;
  read_common(arguments, CommonOptions::Registry, context);
  CHECK(context.registry.retry_delay == std::chrono::milliseconds{2});
  CHECK(context.registry.rate_limit_wait == std::chrono::hours{6});
}

TEST_CASE("the size of an upload's chunks has a unit, and a least value") {
  const auto size_of = [](const std::vector<std::string>& given) {
    Arguments arguments("sample", "");
    declare_common(arguments, CommonOptions::Registry);
    arguments.parse(given);
    Context context;
    read_common(arguments, CommonOptions::Registry, context);
    return context.registry.upload_chunk_size;
  };
  const std::string option = "--registry-upload-chunk-size=";
  CHECK(size_of({}) == 0);
  CHECK(size_of({option + "32M"}) == 32 * kMiB);
  CHECK(size_of({option + "64KiB"}) == 64 * kKiB);
  for (const char* bad : {"0", "65535", "5", "big", "-1"}) {
    CHECK_THROWS_AS(static_cast<void>(size_of({option + bad})), Error);
  }
}
