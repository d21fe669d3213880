#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "http/repeat.hpp"
#include "registry/authenticator.hpp"
#include "registry/chunk_record.hpp"
#include "registry/kept_uploads.hpp"
#include "registry/mount_record.hpp"

namespace ociferry {

/// Shared by all connections of one client.
struct ClientContext {
  ClientContext(RegistryOptions given, std::shared_ptr<Transport> transport_to_use, Progress& reporter,
                std::stop_token stop_all, const Environment& environment, Clock& clock)
      : options(std::move(given)),
        transport(std::move(transport_to_use)),
        progress(reporter),
        stop(std::move(stop_all)),
        retrier(RetryPolicy{.retries = options.retry_count,
                            .first_delay = options.retry_delay,
                            .rate_limit_wait = options.rate_limit_wait},
                clock, reporter),
        credentials(options, environment, {CredentialHelper(stop), &clock, &progress, stop}),
        kept_uploads(options.as_imgpkg ? std::filesystem::path() : kept_uploads_directory(environment), progress) {}

  RegistryOptions options;
  std::shared_ptr<Transport> transport;
  Progress& progress;
  std::stop_token stop;
  Retrier retrier;
  Credentials credentials;
  KeptUploads kept_uploads;
};

/// Whether a registry has the referrers API; nullopt: not known yet.
struct ReferrersApi {
  std::mutex mutex = {};
  std::optional<bool> exists = {};
};

/// Whether a registry supports HEAD: assumed until it responds 405 or 501.
struct HeadAnswers {
  std::atomic<bool> for_manifests{true};
  std::atomic<bool> for_blobs{true};
};

/// Connects to one registry: detects its scheme, authenticates, and sends requests. Thread-safe.
class Connection {
 public:
  Connection(std::shared_ptr<ClientContext> context, std::string registry);

  /// The URL of the registry's API, "https://host/". The first call sends GET /v2/ (distribution-spec, "Determining
  /// Support"), unless another response has settled the scheme: https; plain http only if the host does not support
  /// https and is on loopback, insecure, or on a private network, where it must not require credentials then. Gives up
  /// after 3 attempts without a response, or 2 that took the whole connect time-out.
  [[nodiscard]] Url base(std::stop_token stop);
  /// The URL of `path` below /v2/REPOSITORY/.
  [[nodiscard]] Url url(const RepositoryName& name, const std::string& path, std::stop_token stop);

  /// One attempt, with redirects and authentication: after a 401 from the registry, sends the request once more with a
  /// new authorization. Credentials are sent to the registry only. Throws TransportError or Error.
  [[nodiscard]] Answer send(Request request, const Scope& scope, std::stop_token stop);
  /// `send` with retries (see `repeat`).
  [[nodiscard]] Answer send_with_retries(const Request& request, const Scope& scope, std::stop_token stop);

  /// Sends the credentials for `repository` (empty: for the whole registry) to the API's root. True if they were
  /// accepted, false if the registry requires none. Throws Error{Unauthorized} or Error{Denied} if they were refused,
  /// and what `send_with_retries` throws.
  [[nodiscard]] bool prove_credentials(const std::string& repository, std::stop_token stop);

  /// Whether the registry has the referrers API; shared by its repositories.
  [[nodiscard]] ReferrersApi& referrers_api() noexcept { return referrers_api_; }
  /// Whether it supports HEAD; shared by its repositories.
  [[nodiscard]] HeadAnswers& head_answers() noexcept { return head_answers_; }
  /// Whether mounts tell which blobs exist; shared by its repositories.
  [[nodiscard]] SelfMounts& self_mounts() noexcept { return self_mounts_; }
  /// The request bodies that it accepts; shared by its repositories.
  [[nodiscard]] ChunkRecord& chunks() noexcept { return chunks_; }
  /// The records of unfinished uploads, also of earlier runs.
  [[nodiscard]] const KeptUploads& kept_uploads() const noexcept { return context_->kept_uploads; }
  void debug(std::string_view line) const { context_->progress.debug(line); }
  /// One request to a URL from an image, on any host: without credentials, and not to link-local or loopback addresses.
  /// Throws TransportError or Error.
  [[nodiscard]] Answer send_elsewhere(Request request, std::stop_token stop) const;
  [[nodiscard]] Retrier::Attempts attempts_at(const Origin& elsewhere) { return context_->retrier.attempts(elsewhere); }
  /// True if the registry requires a token for each set of repositories of a request.
  [[nodiscard]] bool uses_tokens() { return authenticator_.uses_tokens(); }
  [[nodiscard]] const RegistryOptions& options() const noexcept { return context_->options; }

  /// For operations with their own retries.
  [[nodiscard]] Retrier::Attempts attempts(Retrier::Lane lane = Retrier::Lane::Free);
  /// The client's own stop token.
  [[nodiscard]] const std::stop_token& stop() const noexcept { return context_->stop; }

 private:
  [[nodiscard]] Sender refused_sender(const Scope& scope, const Answer& answer, std::string_view authorization);
  [[nodiscard]] Answer ping(std::stop_token stop) const;
  [[nodiscard]] bool may_be_first(const Request& request) const;
  /// Sends `request` instead of a ping if the registry is not known yet and can only use https: a success shows that it
  /// is a registry, a 401 how to log in. Returns the response if it is final; nullopt if the request must be sent
  /// again, or was not sent.
  [[nodiscard]] std::optional<Answer> first_contact(const Request& request, const std::stop_token& stop);
  void advise(TransportError& error) const;
  /// True if plain http may be tried after this failure of https.
  [[nodiscard]] bool may_be_plain(TransportError::Kind https_failure) const;
  /// Throws Error{Unauthorized} if the registry uses plain http and is neither on loopback nor insecure.
  void check_may_send_credentials(const Url& base) const;
  [[nodiscard]] Url at(const std::string& scheme) const;
  void check_ping(const Answer& answer) const;

  std::shared_ptr<ClientContext> context_;
  std::string registry_;
  Authenticator authenticator_;
  std::mutex mutex_;
  std::optional<Url> base_;
  ReferrersApi referrers_api_;
  HeadAnswers head_answers_;
  SelfMounts self_mounts_;
  ChunkRecord chunks_;
  std::optional<Error> unreachable_;  ///< there was no response to the first request
  bool had_first_contact_ = false;    ///< a request instead of the ping had a response, or failed
  int first_failures_ = 0;            ///< 1 if the first one failed
};

}  // namespace ociferry
