#include "cli/console.hpp"
#include "cli/transfer_output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A console that writes into files.
class Screen {
 public:
  explicit Screen(ConsoleOptions options) : console(with_files(std::move(options))) {}

  [[nodiscard]] std::string out() const { return read_text(directory_.path() / "out"); }
  [[nodiscard]] std::string err() const { return read_text(directory_.path() / "err"); }

 private:
  ConsoleOptions with_files(ConsoleOptions options) {
    out_ = open_file(directory_.path() / "out", O_RDWR | O_CREAT);
    err_ = open_file(directory_.path() / "err", O_RDWR | O_CREAT);
    options.out = out_.get();
    options.err = err_.get();
    return options;
  }

  TempDirectory directory_ = temp_directory();
  UniqueFd out_;
  UniqueFd err_;

 public:
  Console console;
};

Table sample_table() {
  return {.title = "Tags",
          .content = "tags",
          .columns = {{"name", "Name"}, {"digest", "Digest"}},
          .rows = {{"v1", "sha256:aa"}, {"a-long-name", ""}, {"é\x1b", "x"}},
          .notes = {}};
}

}  // namespace

TEST_CASE("without a terminal only results are printed, tables as cells that end with a tab") {
  Screen screen({});
  screen.console.line("step");
  screen.console.block("one\ntwo");
  screen.console.table(sample_table());
  screen.console.succeeded();
  screen.console.end();
  CHECK(screen.out() == "one\ntwov1\tsha256:aa\t\na-long-name\t-\t\né\\u{1b}\tx\t\n");
}

TEST_CASE("progress appears after a second: as lines in a log, as one updated line on a terminal") {
  for (const bool live : {false, true}) {
    Screen screen({.progress = live ? ProgressForm::Live : ProgressForm::Lines});
    screen.console.phase("over at once", 10);
    screen.console.phase("copying 2 blobs", 4'000'000);
    screen.console.advance(1'000'000);
    while (screen.err().find("left") == std::string::npos) std::this_thread::yield();
    const std::string said = screen.err();
    CHECK(said.starts_with(live ? "\r\x1b[Kcopying 2 blobs: 25% (1.0 MB of 4.0 MB), "
                                : "copying 2 blobs: 25% (1.0 MB of 4.0 MB), "));
    CHECK(said.ends_with("s left\n") != live);
    CHECK(screen.out().empty());
    screen.console.result("done");
    CHECK(screen.err().ends_with(live ? "\r\x1b[K" : "left\n"));  // the living line makes room for the result
  }
}

TEST_CASE("the progress line is never wider than the terminal, also after it is resized") {
  int own = -1;
  int its = -1;
  winsize size{.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
  REQUIRE(::openpty(&own, &its, nullptr, nullptr, &size) == 0);
  const UniqueFd terminal(own);
  const UniqueFd other_end(its);
  ConsoleOptions options{.progress = ProgressForm::Live};
  options.err = its;
  Console console(options);
  console.phase("exporting 2 images with a long name", 4'000'000);
  const auto next_line = [&] {
    std::string text;
    while (text.find("\x1b[K") == std::string::npos || !text.ends_with("%")) {
      std::array<char, 256> buffer{};
      const ssize_t got = ::read(own, buffer.data(), buffer.size());
      REQUIRE(got > 0);
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text.substr(text.rfind('K') + 1);
  };
  CHECK(next_line() == "exporting 2 images with a long name: 0%");
  size.ws_col = 20;
  REQUIRE(::ioctl(its, TIOCSWINSZ, &size) == 0);
  std::string line;
  while (line.size() != 19) line = next_line();
  CHECK(line == "exporting 2 i..: 0%");
}

TEST_CASE("with JSON progress all of standard error is JSON") {
  Screen screen({.progress = ProgressForm::Json, .debug = true});
  screen.console.phase("copying", 100);
  screen.console.advance(100);
  screen.console.warn("careful");
  screen.console.debug("detail");
  screen.console.error(Error(ErrorCode::Denied, "no").hint("ask"), 21);
  std::vector<std::string> events;
  for (const std::string& line : text::split(screen.err(), '\n')) {
    if (line.empty()) continue;
    const Json event = Json::parse(line, "line");
    CHECK(*event.find("version")->as_int() == 1);
    events.push_back(event.string_at("event"));
    if (events.back() == "error") CHECK(event.find("error")->string_at("hint") == "ask");
    if (events.back() == "warning") CHECK(event.string_at("message") == "careful");
  }
  CHECK(events == std::vector<std::string>{"progress", "warning", "debug", "progress", "error"});
}

TEST_CASE("on a terminal tables have a title, a header, aligned columns and a count") {
  Screen screen({.show_lines = true});
  screen.console.table(sample_table());
  screen.console.succeeded();
  CHECK(screen.out() ==
        "Tags\n\n"
        "Name         Digest  \n"
        "v1           sha256:aa  \n"
        "a-long-name  -  \n"
        "é\\u{1b}      x  \n"
        "\n3 tags\n"
        "\nSucceeded\n");
}

TEST_CASE("notes stand between the rows and their count, and headers are bold if enabled") {
  Table table = sample_table();
  table.rows.resize(1);
  table.notes = {"a note"};
  CHECK(aligned_text(table, Emphasis::Bold) ==
        "\x1b[1mTags\x1b[0m\n\n\x1b[1mName  Digest  \x1b[0m\nv1    sha256:aa  \n\na note\n\n1 tags\n");
}

TEST_CASE("Succeeded follows an empty line, but follows a closing line or an unfinished block directly") {
  const auto shown = [](auto say) {
    Screen screen({.show_lines = true});
    say(screen.console);
    screen.console.succeeded();
    return screen.out();
  };
  CHECK(shown([](Console&) {}) == "Succeeded\n");
  CHECK(shown([](Console& console) { console.line("step"); }) == "step\n\nSucceeded\n");
  CHECK(shown([](Console& console) { console.closing_line("Pushed"); }) == "Pushed\nSucceeded\n");
  CHECK(shown([](Console& console) { console.block("ref"); }) == "ref\nSucceeded\n");
  CHECK(shown([](Console& console) { console.block("text\n"); }) == "text\n\nSucceeded\n");
}

TEST_CASE("columns can be chosen by their keys, and only those that exist") {
  Screen screen({.columns = {"digest"}});
  screen.console.table(sample_table());
  CHECK(screen.out() == "sha256:aa\t\n-\t\nx\t\n");
  Screen wrong({.columns = {"name", "size"}});
  CHECK_THROWS_WITH_AS(wrong.console.table(sample_table()), "Failed to find header: size", Error);
}

TEST_CASE("with imgpkg's called_as --json collects all output in imgpkg's object, in ASCII and without a newline") {
  Screen screen({.error_form = ErrorForm::Imgpkg, .json = true});
  screen.console.document({{"own", 1}});
  Table table = sample_table();
  screen.console.table(table);
  screen.console.line("step é");
  screen.console.block("a\n");
  screen.console.succeeded();
  CHECK(screen.out().empty());
  screen.console.end();
  CHECK(screen.out() ==
        "{\n"
        "    \"Tables\": [\n"
        "        {\n"
        "            \"Content\": \"tags\",\n"
        "            \"Header\": {\n"
        "                \"digest\": \"Digest\",\n"
        "                \"name\": \"Name\"\n"
        "            },\n"
        "            \"Rows\": [\n"
        "                {\n"
        "                    \"digest\": \"sha256:aa\",\n"
        "                    \"name\": \"v1\"\n"
        "                },\n"
        "                {\n"
        "                    \"digest\": \"\",\n"
        "                    \"name\": \"a-long-name\"\n"
        "                },\n"
        "                {\n"
        "                    \"digest\": \"x\",\n"
        "                    \"name\": \"\\u00e9\\u001b\"\n"
        "                }\n"
        "            ],\n"
        "            \"Notes\": null\n"
        "        }\n"
        "    ],\n"
        "    \"Blocks\": [\n"
        "        \"a\\n\"\n"
        "    ],\n"
        "    \"Lines\": [\n"
        "        \"step \\u00e9\",\n"
        "        \"Succeeded\"\n"
        "    ]\n"
        "}");
}

TEST_CASE("the JSON of a table is imgpkg's own") {
  const std::string fixture =
      read_text(std::filesystem::path(FIXTURES) / "imgpkg/describe/tag-list-internal-digests.json");
  const Json theirs = Json::parse(fixture, "fixture");
  const Json& given = theirs.find("Tables")->as_array()->front();
  Table table{.title = "Tags", .content = "tags", .columns = {{"name", "Name"}, {"digest", "Digest"}}};
  for (const Json& row : *given.find("Rows")->as_array()) {
    table.rows.push_back({row.string_at("name"), row.string_at("digest")});
  }
  Screen screen({.error_form = ErrorForm::Imgpkg, .json = true});
  screen.console.table(table);
  screen.console.succeeded();
  screen.console.end();
  CHECK(screen.out() == fixture);
}

TEST_CASE("the JSON object has the error beside the results before it, but not as imgpkg") {
  const MovedTag moved{Reference::parse("r.example/app:v1"), Digest::parse("sha256:" + std::string(64, 'a')),
                       Digest::parse("sha256:" + std::string(64, 'b'))};
  for (const ErrorForm form : {ErrorForm::Ociferry, ErrorForm::Imgpkg}) {
    Screen screen({.command = "copy", .error_form = form, .json = true});
    screen.console.line("step");
    screen.console.warn("look");
    screen.console.moved(moved);
    screen.console.error(Error(ErrorCode::Denied, "no").hint("ask"), 21);
    screen.console.end();
    if (form == ErrorForm::Imgpkg) {
      CHECK(screen.out().empty());
      CHECK(screen.err().find("moved") == std::string::npos);
      continue;
    }
    const Json json = Json::parse(screen.out(), "output");
    CHECK(*json.find("schemaVersion")->as_int() == 1);
    CHECK(json.string_at("command") == "copy");
    REQUIRE(json.find("movedTags")->as_array()->size() == 1);
    const Json& tag = json.find("movedTags")->as_array()->front();
    CHECK(tag.string_at("repository") == "r.example/app");
    CHECK(tag.string_at("tag") == "v1");
    CHECK(tag.string_at("from") == moved.from.text());
    CHECK(tag.string_at("to") == moved.to.text());
    CHECK(*json.find("warnings")->as_array()->front().as_string() == "look");
    CHECK(json.find("error")->string_at("code") == "Denied");
    CHECK(*json.find("error")->find("exitCode")->as_int() == 21);
    CHECK(screen.err() == "Warning: look\nWarning: " + moved_line(moved) + "\nociferry: Error: no\n  hint: ask\n");
  }
}

TEST_CASE("--json prints a command's own members after its name and before the common ones") {
  Screen screen({.command = "push", .json = true});
  screen.console.line("step");
  screen.console.document({{"own", 1}});
  screen.console.succeeded();
  screen.console.end();
  CHECK(screen.out() ==
        "{\n  \"schemaVersion\": 1,\n  \"command\": \"push\",\n  \"own\": 1,\n  \"movedTags\": [],\n"
        "  \"warnings\": [],\n  \"error\": null\n}\n");
}

TEST_CASE("no JSON is printed if there was no output") {
  Screen screen({.json = true});
  screen.console.end();
  CHECK(screen.out().empty());
}
