#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "oci/manifest.hpp"
#include "support/http_messages.hpp"

namespace ociferry::testing {

/// A small registry (distribution-spec 1.1 without deletion and catalogue) that answers HttpRequests, to be put
/// behind a FakeTransport or an HttpServer. Repositories exist as soon as they are named. Thread-safe.
class FakeRegistry {
 public:
  /// Asked first, without any lock held: what it returns is the answer.
  std::function<std::optional<HttpReply>(const HttpRequest&)> intercept;
  /// How many referrers a page of the referrers API has; 0: the registry is one without that API.
  std::atomic<std::size_t> referrers_on_page{0};
  /// Indexes may list what is not there, as some registries let them.
  bool takes_sparse_indexes = false;
  bool mounts = true;  ///< false: it opens an upload whenever it is asked to mount

  [[nodiscard]] HttpReply operator()(const HttpRequest& request);

  Descriptor add_blob(const std::string& repository, const std::string& bytes,
                      const std::string& media_type = "application/octet-stream");
  /// Puts a manifest in without checking it; tagged if `tag` is not empty.
  Digest add_manifest(const std::string& repository, const std::string& bytes, const std::string& media_type,
                      const std::string& tag = "");
  [[nodiscard]] bool has_blob(const std::string& repository, const Digest& digest) const;
  [[nodiscard]] std::optional<Digest> tag(const std::string& repository, const std::string& name) const;

  /// A handler that refers to this registry, which must outlive it.
  [[nodiscard]] HttpHandler handler() {
    return [this](const HttpRequest& request) { return (*this)(request); };
  }

 private:
  struct Stored {
    std::string bytes;
    std::string media_type;
  };
  struct Repository {
    std::map<Digest, std::string> blobs;
    std::map<Digest, Stored> manifests;
    std::map<std::string, Digest> tags;
  };

  [[nodiscard]] HttpReply blob(Repository& repository, const HttpRequest& request, const std::string& digest);
  [[nodiscard]] HttpReply manifest(Repository& repository, const HttpRequest& request, const std::string& selector);
  [[nodiscard]] HttpReply put_manifest(Repository& repository, const HttpRequest& request, const std::string& selector);
  [[nodiscard]] static HttpReply list_tags(const Repository& repository, const std::string& name,
                                           const HttpRequest& request);
  [[nodiscard]] HttpReply list_referrers(const Repository& repository, const HttpRequest& request,
                                         const std::string& digest) const;
  [[nodiscard]] HttpReply begin_upload(const std::string& name, const HttpRequest& request);
  [[nodiscard]] HttpReply upload(Repository& repository, const HttpRequest& request);
  [[nodiscard]] static HttpReply append(std::string& session, const HttpRequest& request);
  [[nodiscard]] HttpReply finish_upload(Repository& repository, std::string content, const HttpRequest& request);

  mutable std::mutex mutex_;
  std::map<std::string, Repository> repositories_;
  int sessions_ = 0;
  std::map<std::string, std::string> open_sessions_;  ///< by path: what they hold
};

/// An error answer as registries give it.
[[nodiscard]] HttpReply registry_error_reply(int status, const std::string& code, const std::string& message = "");

}  // namespace ociferry::testing
