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

namespace ociferry {

/// What all connections of one client share.
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

/// Whether a registry has the referrers API; nullopt until somebody has asked.
struct ReferrersApi {
  std::mutex mutex = {};
  std::optional<bool> exists = {};
};

/// Whether a registry answers HEAD, as far as is known: it does, until it said that it does not (405, 501).
struct HeadAnswers {
  std::atomic<bool> for_manifests{true};
  std::atomic<bool> for_blobs{true};
};

/// The way to one registry: its scheme, found out once, its authentication, and requests to it. Thread-safe.
class Connection {
 public:
  Connection(std::shared_ptr<ClientContext> context, std::string registry);

  /// Where the registry's API is, "https://host/". The first call finds out with GET /v2/ (distribution-spec,
  /// "Determining Support"), unless the answer to another request has told already: https; plain http only if https is
  /// not spoken there, on loopback, if insecure, or on a private network, where it must not want credentials then.
  /// Where nobody answers, it gives up after 3 attempts, or after 2 that took the whole connect time-out.
  [[nodiscard]] Url base(std::stop_token stop);
  /// The API's URL for `path` below /v2/REPOSITORY/.
  [[nodiscard]] Url url(const RepositoryName& name, const std::string& path, std::stop_token stop);

  /// One attempt, redirects and authentication included: a 401 from the registry is answered once with a new
  /// authorization. Credentials go to the registry only. Throws TransportError or Error.
  [[nodiscard]] Answer send(Request request, const Scope& scope, std::stop_token stop);
  /// `send` until it succeeds or will not (see `repeat`).
  [[nodiscard]] Answer send_patiently(const Request& request, const Scope& scope, std::stop_token stop);

  /// Shows the credentials for `repository` (empty: for the registry as a whole) at the API's root. True if they were
  /// accepted, false if anybody may come in there, so that nothing is proved. Throws Error{Unauthorized} or
  /// Error{Denied} if they were refused, and what `send_patiently` throws.
  [[nodiscard]] bool prove_credentials(const std::string& repository, std::stop_token stop);

  /// What is known of the registry's referrers API; shared by all its repositories.
  [[nodiscard]] ReferrersApi& referrers_api() noexcept { return referrers_api_; }
  /// What is known of how it takes HEAD; shared by all its repositories.
  [[nodiscard]] HeadAnswers& head_answers() noexcept { return head_answers_; }
  /// What is known of the bodies that it takes; shared by all its repositories.
  [[nodiscard]] ChunkRecord& chunks() noexcept { return chunks_; }
  /// The notes of unfinished uploads, of earlier runs too.
  [[nodiscard]] const KeptUploads& kept_uploads() const noexcept { return context_->kept_uploads; }
  void debug(std::string_view line) const { context_->progress.debug(line); }
  /// One attempt at a URL that came with an image and need not be the registry's: never with credentials, nor to an
  /// address that only this machine can reach. Throws TransportError or Error.
  [[nodiscard]] Answer send_elsewhere(Request request, std::stop_token stop) const;
  [[nodiscard]] Retrier::Attempts attempts_at(const Origin& elsewhere) { return context_->retrier.attempts(elsewhere); }
  /// True if the registry wants a token for each set of repositories that a request touches.
  [[nodiscard]] bool uses_tokens() { return authenticator_.uses_tokens(); }
  [[nodiscard]] const RegistryOptions& options() const noexcept { return context_->options; }

  /// For operations that repeat themselves in their own way.
  [[nodiscard]] Retrier::Attempts attempts(Retrier::Lane lane = Retrier::Lane::Free);
  /// The client's own stop token.
  [[nodiscard]] const std::stop_token& stop() const noexcept { return context_->stop; }

 private:
  [[nodiscard]] Sender refused_sender(const Scope& scope, const Answer& answer, std::string_view authorization);
  [[nodiscard]] Answer ping(std::stop_token stop) const;
  [[nodiscard]] bool may_be_first(const Request& request) const;
  /// Sends `request` in the place of the ping if nothing is known of the registry yet, and it can only speak https: a
  /// success shows that it is one, and a 401 how to log in. The answer, if it counts provided that nobody wants
  /// credentials; nullopt if the request is to be sent again, or was not sent.
  [[nodiscard]] std::optional<Answer> first_contact(const Request& request, const std::stop_token& stop);
  void advise(TransportError& error) const;
  /// True if plain http may be tried where https failed like this.
  [[nodiscard]] bool may_be_plain(TransportError::Kind https_failure) const;
  /// Throws Error{Unauthorized} if the registry speaks plain http and nobody has said that it may know us.
  void check_may_know_us(const Url& base) const;
  [[nodiscard]] Url at(const std::string& scheme) const;
  void check_ping(const Answer& answer) const;

  std::shared_ptr<ClientContext> context_;
  std::string registry_;
  Authenticator authenticator_;
  std::mutex mutex_;
  std::optional<Url> base_;
  ReferrersApi referrers_api_;
  HeadAnswers head_answers_;
  ChunkRecord chunks_;
  std::optional<Error> unreachable_;  ///< nobody answered the first contact
  bool had_first_contact_ = false;    ///< a request in the ping's place was answered, or failed
  int first_failures_ = 0;            ///< 1 if the first one failed
};

}  // namespace ociferry
