#include "cli/error_text.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

namespace {

Error sample_error() {
  Error error(ErrorCode::NotFound, "GET http://r/v2/a/manifests/v1: MANIFEST_UNKNOWN: manifest unknown");
  error.while_doing("fetching image 'r/a:v1'").while_doing("copying");
  return error.hint("is the tag right?");
}

}  // namespace

TEST_CASE("an error says what, where, and the next step on lines of their own") {
  CHECK(error_text("ociferry", sample_error()) ==
        "ociferry: Error: GET http://r/v2/a/manifests/v1: MANIFEST_UNKNOWN: manifest unknown\n"
        "  while fetching image 'r/a:v1'\n"
        "  while copying\n"
        "  hint: is the tag right?\n");
  CHECK(error_text("ociferry", Error(ErrorCode::Network, "gone"))
            .ends_with("  running the same command again may help\n"));
  // A certificate does not get better by being looked at again.
  CHECK(error_text("ociferry", Error(ErrorCode::Network, "expired").lasting()) == "ociferry: Error: expired\n");
}

TEST_CASE("in imgpkg's form the outermost context comes first and each part is indented further") {
  CHECK(imgpkg_error_text("imgpkg", sample_error()) ==
        "imgpkg: Error: Copying:\n"
        "  Fetching image 'r/a:v1':\n"
        "    GET http://r/v2/a/manifests/v1:\n"
        "      MANIFEST_UNKNOWN: manifest unknown (hint: is the tag right?)\n");
}

TEST_CASE("lines break at a colon before a capital letter, but not within brackets or where these do not match") {
  CHECK(broken_at_colons("a: b: C: d") == "a: b:\n  C: d");
  CHECK(broken_at_colons("Some (Note: Well): Then [X: Y]: Z") == "Some (Note: Well):\n  Then [X: Y]:\n    Z");
  CHECK(broken_at_colons("Open (here: There: Now") == "Open (here: There: Now");
  CHECK(broken_at_colons("Close: Here) and (there") == "Close: Here) and (there");
  CHECK(broken_at_colons("ends with: ") == "ends with: ");
  CHECK(broken_at_colons("x:Y").find('\n') == std::string::npos);
}

TEST_CASE("foreign text cannot reach the terminal as it is, in either form") {
  const Error error(ErrorCode::Hostile, "bad \x1b[31m\n  - item");
  for (const std::string& text : {error_text("p", error), imgpkg_error_text("p", error)}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\\u{1b}[31m\n  - item") != std::string::npos);
  }
}

TEST_CASE("in JSON an error keeps its parts, and the exit code that the program ends with") {
  CHECK(
      error_json(sample_error(), 22).dump() ==
      R"({"message":"GET http://r/v2/a/manifests/v1: MANIFEST_UNKNOWN: manifest unknown","code":"NotFound",)"
      R"("exitCode":22,"context":["fetching image 'r/a:v1'","copying"],"hint":"is the tag right?","transient":false})");
}
