#include "quirks.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/manifest.hpp"
#include "support/fake_registry.hpp"
#include "support/http_client.hpp"

namespace ociferry::testing::quirks {

namespace {

Rule no_referrers() {
  return {.match = {"GET", "/referrers/"}, .fault = {.answer = HttpReply{.status = 404, .body = "404 page not found"}}};
}

Rule refuses_mounts(int status) {
  return {.match = {"POST", "[?&]mount="}, .fault = {.answer = registry_error_reply(status, "UNAUTHORIZED", "no")}};
}

std::string accept_all() {
  return text::cat("Accept: ", media_type::kOciManifest, ", ", media_type::kOciIndex, ", ", media_type::kDockerManifest,
                   ", ", media_type::kDockerManifestList);
}

bool lists_media_type(const HttpRequest& request) {
  const std::string type = request.headers.find("Content-Type").value_or("");
  return type.starts_with("application/vnd.docker.distribution.manifest.") ||
         type.starts_with("application/vnd.oci.image.");
}

/// Blobs are at a storage server that refuses an Authorization.
std::vector<Rule> stores_elsewhere() {
  const Match storage_with_authorization{.path = "/blobs/", .header = "^authorization: ", .listener = 2};
  return {{.match = storage_with_authorization, .fault = {.answer = HttpReply{.status = 400, .body = "<Error/>"}}},
          {.match = {.method = "GET", .path = "/blobs/", .listener = 1}, .fault = {.redirect = 307}}};
}

}  // namespace

std::vector<Rule> ecr() {
  std::vector<Rule> rules = stores_elsewhere();
  rules.push_back({.fault = {.set_headers = {{"Docker-Content-Digest", ""}}}});
  return rules;
}

std::vector<Rule> acr() {
  const auto only_access_token = [](const HttpRequest&, HttpReply& reply) {
    if (reply.status != 200) return;
    const Json body = Json::parse(reply.body, "token");
    reply.body = Json(Json::Object{{"access_token", body.string_at("access_token")}}).dump();
  };
  std::vector<Rule> rules = stores_elsewhere();
  rules.push_back({.match = {"", "^/token"}, .fault = {.rewrite = only_access_token}});
  return rules;
}

std::vector<Rule> immutable_tags(const RegistryServer& registry, HttpReply refusal) {
  const auto decide = [&registry,
                       refusal = std::move(refusal)](const HttpRequest& request) -> std::optional<HttpReply> {
    const bool exists = registry.request("GET", request.target, {accept_all()}).status == 200;
    return exists ? std::optional(refusal) : std::nullopt;
  };
  return {{.match = {"PUT", "/manifests/[^:]*$"}, .fault = {.decide = decide}}};
}

std::vector<Rule> ghcr() {
  const auto forget = [](const HttpRequest&, HttpReply& reply) {
    if (reply.status == 201) reply = registry_error_reply(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown");
  };
  return {no_referrers(), {.match = {"PUT", "/blobs/uploads/"}, .fault = {.rewrite = forget}}};
}

std::vector<Rule> gar() {
  const auto make_relative = [](const HttpRequest&, HttpReply& reply) {
    const auto location = reply.headers.find("Location");
    if (location) reply.headers.set("Location", location->substr(location->find("/v2/")));
  };
  return {no_referrers(),
          {.match = {"PATCH", ""}, .fault = {.answer = registry_error_reply(405, "UNSUPPORTED")}},
          {.match = {"POST", "/blobs/uploads/"}, .fault = {.rewrite = make_relative}}};
}

std::vector<Rule> harbor() { return {refuses_mounts(401)}; }

std::vector<Rule> quay() {
  const auto check_source = [](const HttpRequest& request) -> std::optional<HttpReply> {
    return request.parameters.contains("from") ? std::nullopt : std::optional(registry_error_reply(400, "INVALID"));
  };
  const auto check_type = [](const HttpRequest& request) -> std::optional<HttpReply> {
    return lists_media_type(request) ? std::nullopt : std::optional(registry_error_reply(415, "MANIFEST_INVALID"));
  };
  const auto check_accept = [](const HttpRequest& request) -> std::optional<HttpReply> {
    const std::string accept = text::join(request.headers.all("Accept"), ",");
    const bool knows_all = accept.find("docker.distribution.manifest.v2") != std::string::npos &&
                           accept.find("manifest.list.v2") != std::string::npos &&
                           accept.find("oci.image.manifest.v1") != std::string::npos &&
                           accept.find("oci.image.index.v1") != std::string::npos;
    const HttpReply old{.headers = {{"Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws"}},
                        .body = R"({"schemaVersion": 1})"};
    return knows_all ? std::nullopt : std::optional(old);
  };
  return {{.match = {"POST", "[?&]mount="}, .fault = {.decide = check_source}},
          {.match = {"PUT", "/manifests/"}, .fault = {.decide = check_type}},
          {.match = {"", "/manifests/"}, .fault = {.decide = check_accept}}};
}

std::vector<Rule> gitlab(const TokenServer& tokens) {
  const auto last_only = [&tokens](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.parameters.count("scope") < 2) return std::nullopt;
    const std::string last = request.target.substr(request.target.rfind("&scope="));
    const HttpAnswer answer =
        perform({.url = text::cat(tokens.realm().url, "?service=", request.parameter("service"), last),
                 .headers = {"Authorization: " + request.headers.find("Authorization").value_or("")}});
    return HttpReply{.status = answer.status, .headers = {{"Content-Type", "application/json"}}, .body = answer.body};
  };
  return {{.match = {"GET", "^/token"}, .fault = {.decide = last_only}}};
}

std::vector<Rule> nexus() {
  const auto shout = [](const HttpRequest&, HttpReply& reply) {
    if (reply.status == 401) {
      reply.headers.set("WWW-Authenticate", "BASIC realm=\"Sonatype Nexus Repository Manager\"");
    }
  };
  return {{.fault = {.rewrite = shout}}};
}

std::vector<Rule> jfrog() {
  const auto lie = [](const HttpRequest& request, HttpReply& reply) {
    if (request.headers.find("Accept").value_or("").find("manifest") != std::string::npos) reply.status = 404;
  };
  return {{.match = {"HEAD", "/blobs/"}, .fault = {.rewrite = lie}}};
}

std::vector<Rule> docker_hub() {
  const HttpReply too_many{.status = 429,
                           .headers = {{"Retry-After", "1"}, {"Content-Type", "text/html"}},
                           .body = "\r\n\r\n\tYou have reached your pull rate limit.\r\r\n"};
  return {{.match = {"GET", "/manifests/"}, .fault = {.answer = too_many}, .times = 1, .skip = 1}, refuses_mounts(401)};
}

std::vector<Rule> zot() {
  return {{.match = {"GET", "/blobs/"}, .fault = {.cut_answer = 100}, .times = 1},
          {.match = {"GET", "/blobs/"}, .fault = {.drop_headers = {"Range"}}},
          {.match = {"POST", "/blobs/uploads/"}, .fault = {.set_headers = {{"Range", "0--1"}}}}};
}

std::vector<Rule> dashed_digests(const RegistryServer& registry) {
  const auto take_for_digest = [&registry](const HttpRequest& request, HttpReply& reply) {
    if (reply.status != 404) return;
    std::string digest_path = request.path;
    digest_path[digest_path.rfind('-')] = ':';
    const HttpAnswer answer = registry.request("GET", digest_path, {accept_all()});
    if (answer.status == 200) reply = {200, {{"Content-Type", answer.header("Content-Type")}}, answer.body};
  };
  return {{.match = {"GET", "/manifests/sha256-[0-9a-f]{64}$"}, .fault = {.rewrite = take_for_digest}}};
}

std::vector<Rule> wrong_content_types(std::string type) {
  const auto lie = [type = std::move(type)](const HttpRequest&, HttpReply& reply) {
    const std::string told = reply.headers.find("Content-Type").value_or("");
    if (told == media_type::kOciManifest) reply.headers.set("Content-Type", type);
  };
  return {{.match = {"GET", "/manifests/"}, .fault = {.rewrite = lie}}};
}

std::vector<Rule> replicas_behind() {
  struct State {
    std::mutex mutex = {};
    std::map<std::string, bool> behind = {};  ///< by path: not read since it was first put
  };
  const auto state = std::make_shared<State>();
  const auto note = [state](const HttpRequest& request, HttpReply& reply) {
    const std::lock_guard lock(state->mutex);
    if (reply.status == 201) state->behind.try_emplace(request.path, true);
  };
  const auto hide = [state](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method == "PUT") return std::nullopt;
    const std::lock_guard lock(state->mutex);
    const auto known = state->behind.find(request.path);
    if (known == state->behind.end() || !std::exchange(known->second, false)) return std::nullopt;
    return registry_error_reply(404, "MANIFEST_UNKNOWN", "manifest unknown");
  };
  return {{.match = {"PUT", "/manifests/"}, .fault = {.rewrite = note}},
          {.match = {"", "/manifests/"}, .fault = {.decide = hide}}};
}

std::vector<Rule> signed_only(const RegistryServer& registry) {
  const auto hold_back = [&registry](const HttpRequest& request, HttpReply& reply) {
    const std::string digest = reply.headers.find("Docker-Content-Digest").value_or("");
    if (request.method == "PUT" || reply.status != 200 || digest.empty()) return;
    const std::string place = request.path.substr(0, request.path.rfind('/') + 1);
    const bool is_signature =
        registry.request("GET", place + digest, {accept_all()}).body.find("simplesigning") != std::string::npos;
    const std::string tag = text::cat("sha256-", digest.substr(digest.find(':') + 1), ".sig");
    if (is_signature || registry.request("GET", place + tag, {accept_all()}).status == 200) return;
    reply = registry_error_reply(412, "PROJECTPOLICYVIOLATION", "The image is not signed by cosign.");
    if (request.method == "HEAD") reply.body.clear();
  };
  return {{.match = {"", "/manifests/"}, .fault = {.rewrite = hold_back}}};
}

std::vector<Rule> head_finds_nothing() {
  return {{.match = {"HEAD", "/manifests/"}, .fault = {.answer = HttpReply{.status = 404}}}};
}

std::vector<Rule> no_head() { return {{.match = {"HEAD", ""}, .fault = {.answer = HttpReply{.status = 405}}}}; }

}  // namespace ociferry::testing::quirks
