#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "base/text.hpp"
#include "gate.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/ociferry.hpp"

// What commands ask a registry that is far away: each request more is felt. On loopback, where plain http may have to
// be spoken, each begins with a ping; elsewhere the first request does without (connection_test).

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A registry with an image of one layer, and a bundle that lists it and has a locations image.
struct Far {
  FakeRegistry registry;
  std::atomic<bool> wants_two{false};  ///< the question for one blob of "other" waits for that for another one
  std::atomic<int> questions{0};
  HttpServer server{[this](const HttpRequest& request) {
    if (wants_two && request.method == "HEAD" && request.path.find("/other/blobs/") != std::string::npos) {
      ++questions;
      await("the question for the other blob", [this] { return questions == 2; });
    }
    return registry(request);
  }};
  Ociferry ociferry{OCIFERRY_BINARY};

  Far() {
    write_text(ociferry.home() / "in/file", "content");
    succeed({"push", "-i", at("img:v1"), "-f", "in"});
    const std::string image = text::cat(server.host(), "/img@", registry.tag("img", "v1")->text());
    write_text(ociferry.home() / "bundle/.imgpkg/images.yml",
               text::cat("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: ", image, "\n"));
    succeed({"push", "-b", at("bundle:v1"), "-f", "bundle"});
    succeed({"copy", "-b", at("bundle:v1"), "--to-repo", at("far")});
    succeed({"export", "-b", at("far:v1"), "-o", "a.tar"});
  }
  [[nodiscard]] std::string at(const std::string& name) const { return server.host() + "/" + name; }
  void succeed(const Words& arguments) const {
    const Outcome outcome = ociferry.run(arguments);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
  }
  /// "METHOD path" of what the command asks, https and a ping left out.
  std::vector<std::string> requests_of(const Words& arguments) {
    server.forget_requests();
    succeed(arguments);
    std::vector<std::string> all;
    for (const HttpRequest& request : server.requests()) {
      if (request.path != "/v2/") all.push_back(text::cat(request.method, " ", request.path));
    }
    return all;
  }
};

}  // namespace

TEST_CASE("commands send no more requests than they need") {
  Far far;
  const std::vector<std::pair<Words, std::size_t>> rows{
      {{"tag", "list", "-i", far.at("img")}, 1},
      {{"tag", "resolve", "-i", far.at("img:v1")}, 1},
      // manifest, configuration, layer
      {{"pull", "-i", far.at("img:v1"), "-o", "o1"}, 3},
      // the same, and a locations image's manifest and layer
      {{"pull", "-b", far.at("far:v1"), "-o", "o2"}, 5},
      // the same and a signature for the bundle; manifest, configuration and signature of the image
      {{"describe", "-b", far.at("far:v1")}, 9},
      // what is at two tags; three for each of two blobs; two tags
      {{"push", "-i", far.at("new:v1"), "-f", "in"}, 10},
      {{"push", "-i", far.at("img:v1"), "-f", "in"}, 2},
      // the root under both of its tags, and the bundle's locations
      {{"import", "a.tar", "--to-repo", far.at("far")}, 3},
  };
  for (const auto& [arguments, most] : rows) {
    const auto requests = far.requests_of(arguments);
    CAPTURE(text::join(requests, "\n"));
    CHECK(requests.size() == most);
  }
}

TEST_CASE("a push uploads layer and configuration side by side") {
  Far far;
  far.wants_two = true;
  far.succeed({"push", "-i", far.at("other:v1"), "-f", "in"});
  CHECK(far.questions == 2);
}
