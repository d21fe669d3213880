#include <string>
#include <vector>

#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

/// Answers requests for the catalog: the first page, then the second.
void answer_catalog(Rig& rig, const HttpReply& first, const std::string& second = {}) {
  rig.registry.intercept = [=](const HttpRequest& request) -> std::optional<HttpReply> {
    if (!request.path.ends_with("/_catalog")) return std::nullopt;
    return request.parameter("last").empty() ? first : HttpReply{200, {}, second};
  };
}

}  // namespace

TEST_CASE("the catalog is read page by page, and returned sorted without duplicates") {
  Rig rig;
  HttpReply first{200, {}, R"({"repositories":["team/b","a"]})"};
  first.headers.set("Link", "</v2/_catalog?last=a&n=1000>; rel=\"next\"");
  answer_catalog(rig, first, R"({"repositories":["c","a"]})");
  CHECK((rig.client->catalog("reg.example") == std::vector<std::string>{"a", "c", "team/b"}));
}

TEST_CASE("an absent or denied catalog is an error with the next step") {
  for (const int status : {401, 403, 404}) {
    CAPTURE(status);
    Rig rig;
    answer_catalog(rig, HttpReply{status, {}, R"({"errors":[{"code":"UNAUTHORIZED"}]})"});
    const Error error = error_of([&] { static_cast<void>(rig.client->catalog("reg.example")); });
    CHECK(error.hint_text().find("--repo REGISTRY/REPOSITORY") != std::string::npos);
  }
}

TEST_CASE("a malformed catalog is refused") {
  for (const std::string body : {"[]x", R"({"repositories":{"a":1}})", R"({"repositories":[7]})"}) {
    CAPTURE(body);
    Rig rig;
    answer_catalog(rig, HttpReply{200, {}, body});
    const Error error = error_of([&] { static_cast<void>(rig.client->catalog("reg.example")); });
    CHECK(error.code() == ErrorCode::Hostile);
  }
}
