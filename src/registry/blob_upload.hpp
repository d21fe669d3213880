#pragma once

#include "ociferry/error.hpp"
#include "registry/chunked_upload.hpp"
#include "registry/mount_record.hpp"
#include "store/store.hpp"

namespace ociferry {

/// One upload of a blob (distribution-spec, "Pushing blobs"), in one PUT. An ambiguous failure is settled by asking
/// whether the blob is there; then a new session begins. What is too large for one request, or broke off when it was
/// large, goes in chunks, and on where the registry says that it stopped: in this run, or an earlier one (KeptUploads).
class BlobUpload {
 public:
  /// All but `stop` must outlive it.
  BlobUpload(Connection& connection, const RepositoryName& name, MountRecord& mounts, const Descriptor& blob,
             BlobSource& from, Progress& progress, std::stop_token stop);
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;
  /// Takes back what it reported as moved, unless the upload succeeded. If it was stopped, the registry is told to
  /// forget what it has of it, which takes a few seconds at most; unless a later run can go on with it.
  ~BlobUpload();

  /// Blocks until the registry has the blob. See Repository::put_blob.
  [[nodiscard]] BlobOutcome run();

 private:
  [[nodiscard]] bool exists();
  /// Where the blob may be mounted from, if anywhere.
  [[nodiscard]] std::optional<RepositoryName> elsewhere() const;
  [[nodiscard]] bool mount();
  /// POST with a mount. What a 202 opens is kept in `session_`.
  [[nodiscard]] Answer ask_mount(const RepositoryName& place);
  [[nodiscard]] bool own_mount_says(int status);
  void prove_possession();
  void upload();
  void upload_patiently();
  [[nodiscard]] Error refusal(const Answer& answer) const;
  [[nodiscard]] Answer attempt(Retrier::Attempts& attempts);
  [[nodiscard]] Answer attempt_whole();
  [[nodiscard]] Answer attempt_in_chunks(Retrier::Attempts& attempts);
  [[nodiscard]] bool goes_in_chunks() const;
  void note_break(int status);
  void look_for_earlier_run();
  /// The session to go on with, if there may be one: an earlier run's, or the one of a request that broke off.
  [[nodiscard]] std::optional<Url> take_earlier_session();
  void note_session(const Url& session);
  void end_session();
  [[nodiscard]] ChunkedUpload& chunks();
  [[nodiscard]] Answer take_session();
  [[nodiscard]] Answer put(const Url& location);
  [[nodiscard]] bool is_done(const Answer& answer) const;
  [[nodiscard]] bool may_repeat(const Answer& answer) const;
  /// The blob from its beginning; a damaged one never comes to its end.
  [[nodiscard]] std::unique_ptr<ByteSource> open_verified();
  void cancel() noexcept;
  [[nodiscard]] bool can_go_on_later(const Url& session, const std::stop_token& stop);
  [[nodiscard]] Scope scope() const { return {name_, Scope::Access::Push}; }

  Connection& connection_;
  const RepositoryName& name_;
  MountRecord& mounts_;
  const Descriptor& blob_;
  BlobSource& from_;
  std::stop_token stop_;
  bool is_distrusted_;             ///< what the registry says of this blob was wrong before
  std::optional<Answer> session_;  ///< one that a mount has opened
  std::optional<Url> open_;        ///< the session that is under way
  std::string method_;             ///< of the last request
  UploadMeter meter_;
  bool is_done_ = false;
  bool broke_off_ = false;  ///< it is large, and a request with all of it did not come to its end, or a run did not
  std::unique_ptr<KeptUpload> kept_;  ///< null for small blobs, and where notes cannot be kept
  std::optional<ChunkedUpload> chunks_;
};

/// HEAD blobs/<digest>; false if it is refused, for whatever reason: 405 and 501 say that HEAD is not answered at all.
/// Throws Error for 401, and for what may pass.
[[nodiscard]] bool blob_exists(Connection& connection, const Scope& scope, const Descriptor& blob,
                               std::stop_token stop);

}  // namespace ociferry
