#pragma once

#include <mutex>
#include <set>

#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// What is known of mounts into one repository, and of blobs that it only says it has. Thread-safe.
///
/// A mount of a repository's blob from that repository itself asks whether the blob is there and, if it is not, opens
/// the upload: one request instead of two. Registries are free to ignore mounts, so it is relied on only after a trial:
/// for one blob it said "absent" before the upload and "there" after it.
class MountRecord {
 public:
  /// A repository that is no use mounting from, so that it is tried in vain only once.
  void refuse(const RepositoryName& from);
  [[nodiscard]] bool is_refused(const RepositoryName& from) const;

  /// True if mounts from the repository itself are known to tell what is there.
  [[nodiscard]] bool tells_own() const;
  /// Call for each blob that has to be uploaded. True for one of the first few: with that blob the trial is made.
  [[nodiscard]] bool begins_trial();
  void end_trial(bool passed);

  /// The repository says that it has `blob`, but does not give it: the next upload asks nothing.
  void distrust(const Digest& blob);
  /// True once for each call of `distrust`.
  [[nodiscard]] bool take_distrust(const Digest& blob);

 private:
  mutable std::mutex mutex_;
  std::set<Digest> distrusted_;
  std::set<RepositoryName> refused_;
  int missing_ = 0;
  bool tells_own_ = false;
};

}  // namespace ociferry
