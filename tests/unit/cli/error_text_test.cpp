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

TEST_CASE("an error prints message, places and hint on lines of their own") {
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

TEST_CASE("in imgpkg's form the outermost context comes first, each part is indented further, without hints") {
  CHECK(imgpkg_error_text("imgpkg", sample_error()) ==
        "imgpkg: Error: Copying:\n"
        "  Fetching image 'r/a:v1':\n"
        "    GET http://r/v2/a/manifests/v1:\n"
        "      MANIFEST_UNKNOWN: manifest unknown\n");
}

TEST_CASE("in imgpkg's form imgpkg's own hints stay, and usage errors have no context") {
  Error error(ErrorCode::Usage, "Expected bundle image but found plain image");
  error.hint("Did you use -i instead of -b?").while_doing("reading reg/app:v1");
  CHECK(imgpkg_error_text("imgpkg", error) ==
        "imgpkg: Error: Expected bundle image but found plain image (hint: Did you use -i instead of -b?)\n");
}

TEST_CASE("in imgpkg's form imgpkg's own texts are used") {
  const auto said = [](const char* message) {
    const std::string text = imgpkg_error_text("imgpkg", Error(ErrorCode::Network, message));
    return text.substr(0, text.size() - 1);
  };
  CHECK(said("GET http://r/v2/: no answer within the response header time-out") ==
        "imgpkg: Error: Error while preparing a transport to talk with the registry:\n"
        "  Unable to create round tripper:\n"
        "    Get \"http://r/v2/\": net/http: timeout awaiting response headers");
  CHECK(said("GET http://r/v2/a/tags/list: no answer within the response header time-out") ==
        "imgpkg: Error: GET http://r/v2/a/tags/list: net/http: timeout awaiting response headers");
  CHECK(said("r/a:v1: not found: GET http://r/v2/a/manifests/v1: answered 404 (NAME_UNKNOWN: Unknown name)") ==
        "imgpkg: Error: Fetching image:\n"
        "  GET http://r/v2/a/manifests/v1:\n"
        "    NAME_UNKNOWN:\n"
        "      Unknown name");
  CHECK(said("GET http://r/v2/a/tags/list: answered 401 (UNAUTHORIZED: no (really)); credentials: none") ==
        "imgpkg: Error: GET http://r/v2/a/tags/list:\n  UNAUTHORIZED: no (really)");
  CHECK(said("GET http://r/v2/a/tags/list: answered 404, after 2 attempts") ==
        "imgpkg: Error: GET http://r/v2/a/tags/list: unexpected status code 404 Not Found");
  CHECK(said("GET http://r/v2/a/tags/list: answered 418") ==
        "imgpkg: Error: GET http://r/v2/a/tags/list: unexpected status code 418");
  CHECK(said("GET http://r/v2/a/manifests/v1: answered 403 (DENIED: no); credentials: none") ==
        "imgpkg: Error: Fetching image:\n  GET http://r/v2/a/manifests/v1:\n    DENIED: no");
  CHECK(said("POST http://r/v2/a/blobs/uploads/: answered 403 (DENIED: requested access is denied)") ==
        "imgpkg: Error: POST http://r/v2/a/blobs/uploads/:\n  DENIED: requested access is denied");
  CHECK(said("HEAD http://r/v2/a/manifests/v1: answered 401; credentials: user x, from --registry-username") ==
        "imgpkg: Error: HEAD http://r/v2/a/manifests/v1: unexpected status code 401 Unauthorized (HEAD responses have "
        "no body, use GET for details)");
  CHECK(said("PUT http://r/v2/a/manifests/v1: answered 500, after 3 attempts") ==
        "imgpkg: Error: PUT http://r/v2/a/manifests/v1: unexpected status code 500 Internal Server Error");
  CHECK(said("PUT http://r/v2/a/manifests/v1: answered 400 (A_B: one; C: two)") ==
        "imgpkg: Error: PUT http://r/v2/a/manifests/v1: multiple errors returned:\n  A_B: one; C: two");
  CHECK(said("PUT http://r/v2/a/manifests/v1: answered 400 (A_B: one; c: two)") ==
        "imgpkg: Error: PUT http://r/v2/a/manifests/v1:\n  A_B: one; c: two");
  CHECK(said("GETS http://r: answered 400") == "imgpkg: Error: GETS http://r: answered 400");
  CHECK(said("GET http:") == "imgpkg: Error: GET http:");
  CHECK(said("GET http: answered 4") == "imgpkg: Error: GET http: unexpected status code 4");
  CHECK(said("GET http: answered )23 (") == "imgpkg: Error: GET http: unexpected status code )23");
  CHECK(said("GET http: answered 400 ()") == "imgpkg: Error: GET http: ");
  const std::string hex(64, 'a');
  CHECK(said(("the layer sha256:" + hex + " (x) cannot be fetched:\n  - r/a: gone").c_str()) ==
        "imgpkg: Error: file sha256-" + hex +
            ".tar.gz not found in tar (hint: This may be because when copying to a tarball, the "
            "--include-non-distributable-layers flag should have been provided.)");
  CHECK(said("'a b' is not an image reference: why") == "imgpkg: Error: could not parse reference: a b");
  CHECK(said("looking at a/b: No such file or directory") == "imgpkg: Error: lstat a/b: no such file or directory");
}

TEST_CASE("a refused push is reported with imgpkg's contexts") {
  const auto said = [](const char* message) {
    Error error(ErrorCode::Denied, message);
    error.while_doing("writing 'r/a:v1'");
    return imgpkg_error_text("imgpkg", error);
  };
  CHECK(
      said("POST http://r/v2/a/blobs/uploads/: answered 403 (DENIED: no)") ==
      "imgpkg: Error: Writing 'r/a:v1':\n  Writing image:\n    POST http://r/v2/a/blobs/uploads/:\n      DENIED: no\n");
  CHECK(said("GET http://r/v2/: incorrect username or password")
            .starts_with(
                "imgpkg: Error: Writing 'r/a:v1':\n  Error while preparing a transport to talk with the registry:\n"));
}

TEST_CASE("lines break at a colon before a capital letter, but not within brackets or where these do not match") {
  CHECK(broken_at_colons("a: b: C: d") == "a: b:\n  C: d");
  CHECK(broken_at_colons("Some (Note: Well): Then [X: Y]: Z") == "Some (Note: Well):\n  Then [X: Y]:\n    Z");
  CHECK(broken_at_colons("Open (here: There: Now") == "Open (here: There: Now");
  CHECK(broken_at_colons("Close: Here) and (there") == "Close: Here) and (there");
  CHECK(broken_at_colons("ends with: ") == "ends with: ");
  CHECK(broken_at_colons("x:Y").find('\n') == std::string::npos);
}

TEST_CASE("foreign text is escaped, in either form") {
  const Error error(ErrorCode::Hostile, "bad \x1b[31m\n  - item");
  for (const std::string& text : {error_text("p", error), imgpkg_error_text("p", error)}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\\u{1b}[31m\n  - item") != std::string::npos);
  }
}

TEST_CASE("in JSON an error has its parts and the exit code") {
  CHECK(
      error_json(sample_error(), 22).dump() ==
      R"({"message":"GET http://r/v2/a/manifests/v1: MANIFEST_UNKNOWN: manifest unknown","code":"NotFound",)"
      R"("exitCode":22,"context":["fetching image 'r/a:v1'","copying"],"hint":"is the tag right?","transient":false})");
}
