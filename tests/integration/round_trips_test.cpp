#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <regex>

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
  std::atomic<bool> is_far{false};             ///< each answer takes so long that it counts as far away
  std::vector<std::string> side_by_side = {};  ///< parts of paths: questions that wait for each other
  std::atomic<unsigned> are_asked{0};          ///< a bit for each that was asked
  HttpServer server{[this](const HttpRequest& request) {
    if (wants_two && request.method == "HEAD" && request.path.find("/other/blobs/") != std::string::npos) {
      ++questions;
      await("the question for the other blob", [this] { return questions == 2; });
    }
    if (is_far) await_others(request.path);
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
  /// Answers after the time that makes a registry far, and after all of `side_by_side` if it is one of these.
  void await_others(const std::string& path) {
    const auto asked = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < side_by_side.size(); ++i) {
      if (path.find(side_by_side[i]) == std::string::npos) continue;
      are_asked |= 1U << i;
      await("the questions beside " + path, [this] { return are_asked == (1U << side_by_side.size()) - 1; });
    }
    await("a long way", [&] { return std::chrono::steady_clock::now() - asked > kLongWay; });
  }
  static constexpr std::chrono::milliseconds kLongWay{45};

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

/// Those of `requests` that are for manifests, sorted, without repositories and digests.
Words for_manifests(const Words& requests) {
  static const std::regex kRepository("/v2/.*/manifests/");
  static const std::regex kDigest("[0-9a-f]{64}");
  Words found;
  for (const std::string& request : requests) {
    if (request.find("/manifests/") == std::string::npos) continue;
    found.push_back(std::regex_replace(std::regex_replace(request, kRepository, "/"), kDigest, "DIGEST"));
  }
  std::ranges::sort(found);
  return found;
}

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

TEST_CASE("an export asks a far registry for all of a bundle side by side, and for nothing more than a near one") {
  Far far;
  far.registry.referrers_on_page = 10;
  auto near_requests = far.requests_of({"export", "-b", far.at("far:v1"), "-o", "near.tar"});
  const std::string digest = far.registry.tag("far", "v1")->text();
  far.side_by_side = {text::cat("/far/manifests/sha256-", digest.substr(digest.find(':') + 1), ".image-locations"),
                      "/far/tags/list", "/far/referrers/" + digest};
  far.is_far = true;
  auto far_requests = far.requests_of({"export", "-b", far.at("far:v1"), "-o", "far.tar"});
  std::ranges::sort(near_requests);
  std::ranges::sort(far_requests);
  CHECK(text::join(far_requests, "\n") == text::join(near_requests, "\n"));
}

TEST_CASE("an export asks a far registry for an image in both of its places side by side") {
  Far far;
  const std::string digest = far.registry.tag("img", "v1")->text();
  far.side_by_side = {"/bundle/manifests/" + digest, "/img/manifests/" + digest};
  far.is_far = true;
  const auto requests = far.requests_of({"export", "-b", far.at("bundle:v1"), "-o", "far.tar"});
  CAPTURE(text::join(requests, "\n"));
  CHECK(std::ranges::count(requests, text::cat("GET /v2/img/manifests/", digest)) == 1);
  CHECK(std::ranges::count(requests, text::cat("GET /v2/bundle/manifests/", digest)) == 1);
}

TEST_CASE("a far registry gets an import's requests in another order, but marks and root's tag as late as a near one") {
  Far far;
  const auto near_by = far.requests_of({"import", "a.tar", "--to-repo", far.at("new/near")});
  far.is_far = true;
  const auto far_away = far.requests_of({"import", "a.tar", "--to-repo", far.at("new/far")});
  CAPTURE(text::join(far_away, "\n"));
  CHECK(for_manifests(far_away) == for_manifests(near_by));
  const auto first = [&](const std::string& method, const std::string& part) {
    return std::ranges::find_if(far_away, [&](const std::string& request) {
      return request.starts_with(method + " ") && request.find(part) != std::string::npos;
    });
  };
  const auto last_upload = std::find_if(far_away.rbegin(), far_away.rend(), [](const std::string& request) {
                             return request.starts_with("PUT ") && request.find("/blobs/") != std::string::npos;
                           }).base();
  CHECK(last_upload <= first("PUT", "/manifests/"));
  const auto mark = first("PUT", ".image-locations.imgpkg");
  const auto root = first("PUT", "/manifests/v1");
  REQUIRE(mark != far_away.end());
  CHECK(std::find_if(mark, far_away.end(), [](const auto& request) { return request.starts_with("GET "); }) ==
        far_away.end());
  CHECK(mark < root);
  CHECK(far_away.end() - root == 2);  // and the question whether it stays
}
