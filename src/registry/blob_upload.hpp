#pragma once

#include <mutex>
#include <set>

#include "ociferry/error.hpp"
#include "ociferry/store.hpp"
#include "registry/connection.hpp"

namespace ociferry {

/// The repositories that a registry does not let us mount from, so that each is tried in vain only once. Thread-safe.
class MountRefusals {
 public:
  void add(const RepositoryName& from);
  [[nodiscard]] bool contains(const RepositoryName& from) const;

 private:
  mutable std::mutex mutex_;
  std::set<RepositoryName> refused_;
};

/// One upload of a blob (distribution-spec, "Pushing blobs"). An ambiguous failure is settled by asking whether the
/// blob is there; then a new session begins.
class BlobUpload {
 public:
  /// All but `stop` must outlive it.
  BlobUpload(Connection& connection, const RepositoryName& name, MountRefusals& refusals, const Descriptor& blob,
             BlobSource& from, Progress& progress, std::stop_token stop);
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;
  /// Takes back what it reported as moved, unless the upload succeeded. If it was stopped, the registry is told to
  /// forget what it has of it, which takes a few seconds at most.
  ~BlobUpload();

  /// Blocks until the registry has the blob. See Repository::put_blob.
  [[nodiscard]] BlobOutcome run();

 private:
  [[nodiscard]] bool exists();
  [[nodiscard]] bool mount();
  [[nodiscard]] bool mount(const RepositoryName& place);
  void prove_possession();
  void upload();
  [[nodiscard]] Error refusal(const Answer& answer) const;
  [[nodiscard]] Answer attempt();
  [[nodiscard]] Answer open_session();
  [[nodiscard]] Answer put(const Url& location);
  [[nodiscard]] bool is_done(const Answer& answer) const;
  [[nodiscard]] bool may_repeat(const Answer& answer) const;
  [[nodiscard]] Url session_url(const Answer& answer) const;
  [[nodiscard]] std::unique_ptr<ByteSource> open_body();
  void report_all();
  void take_back();
  void cancel() noexcept;
  [[nodiscard]] Scope scope() const { return {name_, Scope::Access::Push}; }

  Connection& connection_;
  const RepositoryName& name_;
  MountRefusals& refusals_;
  const Descriptor& blob_;
  BlobSource& from_;
  Progress& progress_;
  std::stop_token stop_;
  std::optional<Url> session_;  ///< one that a refused mount has opened
  std::optional<Url> open_;     ///< the session that is under way
  std::string method_;          ///< of the last request
  std::int64_t reported_ = 0;
};

/// HEAD blobs/<digest>; false for 404, and for 403, 405 and 501, which say that HEAD is not answered.
/// Throws Error for any other failure.
[[nodiscard]] bool blob_exists(Connection& connection, const Scope& scope, const Descriptor& blob,
                               std::stop_token stop);

}  // namespace ociferry
