#include "support/fake_registry.hpp"

#include <algorithm>
#include <charconv>
#include <variant>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace {

HttpReply with_digest(int status, const Digest& digest, std::string body, const std::string& type) {
  const std::string size = text::cat(body.size());
  HttpReply reply{status, {{"Docker-Content-Digest", digest.text()}, {"Content-Type", type}}, std::move(body)};
  return reply;
}

/// What a session says of itself.
Headers range_of(const std::string& session) {
  return {{"Range", text::cat("0-", session.empty() ? 0 : session.size() - 1)}};
}

}  // namespace

HttpReply registry_error_reply(int status, const std::string& code, const std::string& message) {
  const Json body(Json::Object{{"errors", Json::Array{Json::Object{{"code", code}, {"message", message}}}}});
  return {status, {{"Content-Type", "application/json"}}, body.dump()};
}

HttpReply FakeRegistry::operator()(const HttpRequest& request) {
  if (intercept) {
    if (auto reply = intercept(request)) return std::move(*reply);
  }
  const std::lock_guard lock(mutex_);
  if (request.path == "/v2/") return {200, {{"Content-Type", "application/json"}}, "{}"};
  if (!request.path.starts_with("/v2/")) return {404};
  for (const std::string_view kind : {"/blobs/uploads/", "/blobs/", "/manifests/", "/referrers/"}) {
    const auto at = request.path.rfind(kind);
    if (at == std::string::npos) continue;
    const std::string name = request.path.substr(4, at - 4);
    const std::string rest = request.path.substr(at + kind.size());
    if (kind == "/manifests/") return manifest(repositories_[name], request, rest);
    if (kind == "/referrers/") return list_referrers(repositories_[name], request, rest);
    if (kind == "/blobs/") return blob(repositories_[name], request, rest);
    return rest.empty() ? begin_upload(name, request) : upload(repositories_[name], request);
  }
  constexpr std::string_view kTags = "/tags/list";
  if (request.path.ends_with(kTags)) {
    const auto found = repositories_.find(request.path.substr(4, request.path.size() - 4 - kTags.size()));
    if (found != repositories_.end()) return list_tags(found->second, found->first, request);
  }
  return registry_error_reply(404, "NAME_UNKNOWN", "repository name not known to registry");
}

HttpReply FakeRegistry::list_tags(const Repository& repository, const std::string& name, const HttpRequest& request) {
  std::size_t left = std::string::npos;
  if (const std::string n = request.parameter("n"); !n.empty()) left = std::stoul(n);
  Json::Array tags;
  auto tag = repository.tags.upper_bound(request.parameter("last"));
  for (; tag != repository.tags.end() && left > 0; ++tag, --left) tags.emplace_back(tag->first);
  HttpReply reply{200, {{"Content-Type", "application/json"}}};
  if (tag != repository.tags.end()) {
    reply.headers.set("Link", text::cat("</v2/", name, "/tags/list?last=", std::prev(tag)->first,
                                        "&n=", request.parameter("n"), ">; rel=\"next\""));
  }
  reply.body = Json(Json::Object{{"name", name}, {"tags", std::move(tags)}}).dump();
  return reply;
}

HttpReply FakeRegistry::blob(Repository& repository, const HttpRequest& request, const std::string& text) {
  const auto digest = Digest::try_parse(text);
  const auto found = digest ? repository.blobs.find(*digest) : repository.blobs.end();
  if (found == repository.blobs.end()) return registry_error_reply(404, "BLOB_UNKNOWN", "blob unknown to registry");
  HttpReply reply = with_digest(200, *digest, found->second, "application/octet-stream");
  const std::string range = request.headers.find("Range").value_or("");
  if (!range.starts_with("bytes=")) return reply;
  std::size_t first = 0;
  const auto begin = std::from_chars(range.data() + 6, range.data() + range.size(), first);
  if (first >= reply.body.size()) return registry_error_reply(416, "RANGE_INVALID");
  std::size_t last = reply.body.size() - 1;
  if (begin.ptr < range.data() + range.size()) std::from_chars(begin.ptr + 1, range.data() + range.size(), last);
  last = std::min(last, reply.body.size() - 1);
  reply.status = 206;
  reply.headers.set("Content-Range", text::cat("bytes ", first, "-", last, "/", reply.body.size()));
  reply.body = reply.body.substr(first, last - first + 1);
  return reply;
}

HttpReply FakeRegistry::manifest(Repository& repository, const HttpRequest& request, const std::string& selector) {
  if (request.method == "PUT") return put_manifest(repository, request, selector);
  auto digest = Digest::try_parse(selector);
  if (const auto tag = repository.tags.find(selector); tag != repository.tags.end()) digest = tag->second;
  const auto found = digest ? repository.manifests.find(*digest) : repository.manifests.end();
  if (found == repository.manifests.end()) return registry_error_reply(404, "MANIFEST_UNKNOWN", "manifest unknown");
  return with_digest(200, *digest, found->second.bytes, found->second.media_type);
}

HttpReply FakeRegistry::put_manifest(Repository& repository, const HttpRequest& request, const std::string& selector) {
  const std::string type = request.headers.find("Content-Type").value_or("");
  const auto wanted = Digest::try_parse(selector);
  const Digest digest = digest_of(request.body, wanted ? wanted->algorithm() : "sha256");
  if (wanted && *wanted != digest) return registry_error_reply(400, "DIGEST_INVALID");
  const auto parsed = parse_manifest(request.body, type);
  bool complete = true;
  if (const auto* index = std::get_if<ImageIndex>(&parsed)) {
    for (const auto& child : index->manifests) {
      complete = complete && (takes_sparse_indexes || repository.manifests.contains(child.digest) ||
                              repository.blobs.contains(child.digest));
    }
  } else {
    const auto& image = std::get<Manifest>(parsed);
    complete = !image.config || repository.blobs.contains(image.config->digest);
    for (const auto& layer : image.layers) {
      complete =
          complete && (media_type::is_nondistributable(layer.media_type) || repository.blobs.contains(layer.digest));
    }
  }
  if (!complete) return registry_error_reply(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
  repository.manifests.insert_or_assign(digest, Stored{request.body, type});
  if (!wanted) repository.tags.insert_or_assign(selector, digest);
  HttpReply reply{201, {{"Docker-Content-Digest", digest.text()}}};
  const Descriptor* subject = subject_of(parsed);
  if (subject != nullptr && referrers_on_page > 0) reply.headers.set("OCI-Subject", subject->digest.text());
  return reply;
}

HttpReply FakeRegistry::list_referrers(const Repository& repository, const HttpRequest& request,
                                       const std::string& digest) const {
  if (referrers_on_page == 0) return {404, {{"Content-Type", "text/plain"}}, "404 page not found"};
  const std::string last = request.parameter("last");
  Json::Array manifests;
  HttpReply reply{200, {{"Content-Type", std::string(media_type::kOciIndex)}}};
  for (const auto& [at, stored] : repository.manifests) {
    const auto parsed = parse_manifest(stored.bytes, stored.media_type);
    const Descriptor* subject = subject_of(parsed);
    if (subject == nullptr || subject->digest.text() != digest || at.text() <= last) continue;
    if (manifests.size() == referrers_on_page) {
      const std::string end = manifests.back().string_at("digest");
      reply.headers.set("Link", text::cat("<", request.path, "?last=", end, ">; rel=\"next\""));
      break;
    }
    manifests.push_back(Json::Object{
        {"mediaType", stored.media_type}, {"digest", at.text()}, {"size", std::uint64_t{stored.bytes.size()}}});
  }
  reply.body = Json(Json::Object{{"schemaVersion", 2},
                                 {"mediaType", std::string(media_type::kOciIndex)},
                                 {"manifests", std::move(manifests)}})
                   .dump();
  return reply;
}

HttpReply FakeRegistry::begin_upload(const std::string& name, const HttpRequest& request) {
  if (const std::string from = request.parameter("from"); mounts && !from.empty()) {
    const auto digest = Digest::try_parse(request.parameter("mount"));
    auto& blobs = repositories_[from].blobs;
    if (const auto found = digest ? blobs.find(*digest) : blobs.end(); found != blobs.end()) {
      repositories_[name].blobs.insert(*found);
      return {201, {{"Location", text::cat("/v2/", name, "/blobs/", digest->text())}}};
    }
  }
  const std::string path = text::cat("/v2/", name, "/blobs/uploads/session-", ++sessions_);
  open_sessions_.emplace(path, "");
  return {202, {{"Location", path + "?_state=a%2Bb"}, {"Range", "0-0"}}};
}

HttpReply FakeRegistry::upload(Repository& repository, const HttpRequest& request) {
  const auto session = open_sessions_.find(request.path);
  if (session == open_sessions_.end()) return registry_error_reply(404, "BLOB_UPLOAD_UNKNOWN");
  if (request.method == "PATCH") return append(session->second, request);
  if (request.method == "GET") return {204, range_of(session->second)};
  std::string content = std::move(open_sessions_.extract(session).mapped());
  if (request.method == "DELETE") return {204};
  return finish_upload(repository, std::move(content), request);
}

HttpReply FakeRegistry::append(std::string& session, const HttpRequest& request) {
  const std::string range = request.headers.find("Content-Range").value_or("");
  if (range != text::cat(session.size(), "-", session.size() + request.body.size() - 1)) {
    return {416, range_of(session)};
  }
  session += request.body;
  Headers headers = range_of(session);
  headers.set("Location", text::cat(request.path, "?_state=a%2Bb"));
  return {202, std::move(headers)};
}

HttpReply FakeRegistry::finish_upload(Repository& repository, std::string content, const HttpRequest& request) {
  content += request.body;
  const auto digest = Digest::try_parse(request.parameter("digest"));
  if (request.parameter("_state") != "a+b") return registry_error_reply(400, "BLOB_UPLOAD_INVALID");
  if (!digest || digest_of(content, digest->algorithm()) != *digest) return registry_error_reply(400, "DIGEST_INVALID");
  repository.blobs.insert_or_assign(*digest, std::move(content));
  return {201, {{"Docker-Content-Digest", digest->text()}}};
}

Descriptor FakeRegistry::add_blob(const std::string& repository, const std::string& bytes,
                                  const std::string& media_type) {
  const std::lock_guard lock(mutex_);
  Descriptor descriptor{media_type, sha256(bytes), bytes.size()};
  repositories_[repository].blobs.insert_or_assign(descriptor.digest, bytes);
  return descriptor;
}

Digest FakeRegistry::add_manifest(const std::string& repository, const std::string& bytes,
                                  const std::string& media_type, const std::string& tag) {
  const std::lock_guard lock(mutex_);
  const Digest digest = sha256(bytes);
  repositories_[repository].manifests.insert_or_assign(digest, Stored{bytes, media_type});
  if (!tag.empty()) repositories_[repository].tags.insert_or_assign(tag, digest);
  return digest;
}

bool FakeRegistry::has_blob(const std::string& repository, const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = repositories_.find(repository);
  return found != repositories_.end() && found->second.blobs.contains(digest);
}

std::optional<Digest> FakeRegistry::tag(const std::string& repository, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = repositories_.find(repository);
  if (found == repositories_.end()) return std::nullopt;
  const auto tag = found->second.tags.find(name);
  return tag == found->second.tags.end() ? std::nullopt : std::optional(tag->second);
}

}  // namespace ociferry::testing
