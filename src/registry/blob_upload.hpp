#pragma once

#include "ociferry/error.hpp"
#include "registry/chunked_upload.hpp"
#include "registry/mount_record.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Uploads a blob (distribution-spec, "Pushing blobs") in one PUT. After an ambiguous failure, checks whether the blob
/// exists, then starts a new session. A blob that is too large for one request, or a large one whose upload broke off,
/// is uploaded in chunks, and resumes at the registry's offset, also after an interrupted run (KeptUploads).
class BlobUpload {
 public:
  /// All but `stop` must outlive it.
  BlobUpload(Connection& connection, const RepositoryName& name, MountRecord& mounts, const Descriptor& blob,
             BlobSource& from, Progress& progress, std::stop_token stop);
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;
  /// Subtracts what it reported as progress, unless the upload succeeded. If it was stopped and a later run cannot
  /// resume it, cancels the session, which takes a few seconds at most.
  ~BlobUpload();

  /// Blocks until the registry has the blob. See Repository::put_blob.
  [[nodiscard]] BlobOutcome run();

 private:
  [[nodiscard]] bool exists();
  /// The repository that the blob may be mounted from, if any.
  [[nodiscard]] std::optional<RepositoryName> elsewhere() const;
  [[nodiscard]] bool mount();
  /// POST with a mount. The session of a 202 response goes to `session_`.
  [[nodiscard]] Answer ask_mount(const RepositoryName& place);
  [[nodiscard]] bool confirm_self_mount();
  [[nodiscard]] bool self_mount_answered(int status);
  void prove_possession();
  void upload();
  void upload_with_retries();
  [[nodiscard]] Error refusal(const Answer& answer) const;
  [[nodiscard]] Answer attempt(Retrier::Attempts& attempts);
  [[nodiscard]] Answer attempt_whole();
  [[nodiscard]] Answer attempt_in_chunks(Retrier::Attempts& attempts);
  [[nodiscard]] bool goes_in_chunks() const;
  void note_break(int status);
  void look_for_earlier_run();
  /// The session to resume, if any: of an earlier run, or of a request that broke off.
  [[nodiscard]] std::optional<Url> take_earlier_session();
  void note_session(const Url& session);
  void end_session();
  [[nodiscard]] ChunkedUpload& chunks();
  [[nodiscard]] Answer take_session();
  [[nodiscard]] Answer put(const Url& location);
  [[nodiscard]] bool is_done(const Answer& answer) const;
  [[nodiscard]] bool may_repeat(const Answer& answer) const;
  /// The blob from its beginning; a damaged one throws before its end.
  [[nodiscard]] std::unique_ptr<ByteSource> open_verified();
  void cancel() noexcept;
  [[nodiscard]] bool can_resume_later(const Url& session, const std::stop_token& stop);
  [[nodiscard]] Scope scope() const { return {name_, Scope::Access::Push}; }

  Connection& connection_;
  const RepositoryName& name_;
  MountRecord& mounts_;
  const Descriptor& blob_;
  BlobSource& from_;
  std::stop_token stop_;
  bool is_distrusted_;             ///< the registry was wrong about this blob before
  std::optional<Answer> session_;  ///< opened by a mount
  std::optional<Url> open_;        ///< the current session
  std::string method_;             ///< of the last request
  UploadMeter meter_;
  bool is_done_ = false;
  bool broke_off_ = false;            ///< a request with all of a large blob, or an earlier run, was interrupted
  std::unique_ptr<KeptUpload> kept_;  ///< null for small blobs, and if no record can be written
  std::optional<ChunkedUpload> chunks_;
};

}  // namespace ociferry
