#pragma once

#include <mutex>
#include <optional>
#include <set>

#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"
#include "store/store.hpp"

namespace ociferry {

/// The repository that blobs of `from` may be mounted from into `to`: another one of the same registry.
[[nodiscard]] std::optional<RepositoryName> mount_place(const BlobSource& from, const RepositoryName& to);

/// Records which mounts into a repository work, and which blobs it wrongly reports as present. Thread-safe.
///
/// A mount of a blob from the repository itself checks whether the blob exists and, if not, starts an upload: one
/// request instead of two. Registries may ignore mounts, so this is used only after a trial: for one blob, the mount
/// failed before the upload and succeeded after it.
class MountRecord {
 public:
  /// Mounts from `from` failed; they are not tried again.
  void refuse(const RepositoryName& from);
  [[nodiscard]] bool is_refused(const RepositoryName& from) const;

  /// True if mounts from the repository itself reliably report which blobs exist.
  [[nodiscard]] bool self_mount_reliable() const;
  /// Call for each blob to upload. True for one of the first few, which is used for the trial.
  [[nodiscard]] bool begins_trial();
  void end_trial(bool passed);

  /// The repository wrongly reports `blob` as present: the next upload does not check.
  void distrust(const Digest& blob);
  /// True once for each call of `distrust`.
  [[nodiscard]] bool take_distrust(const Digest& blob);

 private:
  mutable std::mutex mutex_;
  std::set<Digest> distrusted_;
  std::set<RepositoryName> refused_;
  int missing_ = 0;
  bool self_mount_reliable_ = false;
};

}  // namespace ociferry
