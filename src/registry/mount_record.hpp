#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"
#include "store/store.hpp"

namespace ociferry {

/// The repository that blobs of `from` may be mounted from into `to`: another one of the same registry.
[[nodiscard]] std::optional<RepositoryName> mount_place(const BlobSource& from, const RepositoryName& to);

/// Whether a mount of a blob from the repository itself tells if the blob exists. If not, it starts an upload: one
/// request instead of two. Registries may ignore mounts, so this is used only after a trial: for one blob, the mount
/// failed before the upload and succeeded after it. Of one registry, for all of its repositories. Thread-safe.
class SelfMounts {
 public:
  [[nodiscard]] bool are_reliable() const;
  /// Call for each blob to upload, with its size. True for one of the first small ones, which is used for the trial.
  [[nodiscard]] bool begins_trial(std::uint64_t size);
  void end_trial(bool passed);

 private:
  mutable std::mutex mutex_;
  int missing_ = 0;
  bool has_trial_begun_ = false;
  bool are_reliable_ = false;
};

/// Records which mounts into a repository work, and what it said of blobs. Thread-safe.
class MountRecord {
 public:
  /// Mounts from `from` failed; they are not tried again.
  void refuse(const RepositoryName& from);
  [[nodiscard]] bool is_refused(const RepositoryName& from) const;

  /// A mount from this repository itself was right about a blob that exists. A registry may stand before several, so
  /// what is true of its other repositories is checked once in each.
  void confirm_self_mount();
  [[nodiscard]] bool is_self_mount_confirmed() const;

  /// The repository was asked whether it has `blob`.
  void note_presence(const Digest& blob, bool is_there);
  /// What it said, for the one upload that asks for that; nullopt if it was not asked.
  [[nodiscard]] std::optional<bool> take_presence(const Digest& blob);

  /// The repository wrongly reports `blob` as present: the next upload does not check.
  void distrust(const Digest& blob);
  /// True once for each call of `distrust`.
  [[nodiscard]] bool take_distrust(const Digest& blob);

 private:
  mutable std::mutex mutex_;
  std::map<Digest, bool> presence_;
  std::set<Digest> distrusted_;
  std::set<RepositoryName> refused_;
  bool is_self_mount_confirmed_ = false;
};

}  // namespace ociferry
