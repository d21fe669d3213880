#include "registry/mount_record.hpp"

#include "base/sizes.hpp"

namespace ociferry {

namespace {
/// The trial costs a request, so it is made only after some missing blobs.
constexpr int kTrialAt = 3;
/// A larger blob takes long, and its trial ends with a question when, perhaps, nothing is left to upload.
constexpr std::uint64_t kTrialBytes = kMiB;
}  // namespace

std::optional<RepositoryName> mount_place(const BlobSource& from, const RepositoryName& to) {
  auto place = from.mountable_from();
  if (place && (place->registry != to.registry || *place == to)) place.reset();
  return place;
}

bool SelfMounts::are_reliable() const {
  const std::lock_guard lock(mutex_);
  return are_reliable_;
}

bool SelfMounts::begins_trial(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (++missing_ < kTrialAt || has_trial_begun_ || size > kTrialBytes) return false;
  has_trial_begun_ = true;
  return true;
}

void SelfMounts::end_trial(bool passed) {
  const std::lock_guard lock(mutex_);
  are_reliable_ = passed;
}

void MountRecord::refuse(const RepositoryName& from) {
  const std::lock_guard lock(mutex_);
  refused_.insert(from);
}

bool MountRecord::is_refused(const RepositoryName& from) const {
  const std::lock_guard lock(mutex_);
  return refused_.contains(from);
}

void MountRecord::confirm_self_mount() {
  const std::lock_guard lock(mutex_);
  is_self_mount_confirmed_ = true;
}

bool MountRecord::is_self_mount_confirmed() const {
  const std::lock_guard lock(mutex_);
  return is_self_mount_confirmed_;
}

void MountRecord::note_presence(const Digest& blob, bool is_there) {
  const std::lock_guard lock(mutex_);
  presence_.insert_or_assign(blob, is_there);
}

std::optional<bool> MountRecord::take_presence(const Digest& blob) {
  const std::lock_guard lock(mutex_);
  const auto known = presence_.extract(blob);
  return known ? std::optional(known.mapped()) : std::nullopt;
}

void MountRecord::distrust(const Digest& blob) {
  const std::lock_guard lock(mutex_);
  distrusted_.insert(blob);
}

bool MountRecord::take_distrust(const Digest& blob) {
  const std::lock_guard lock(mutex_);
  return distrusted_.erase(blob) > 0;
}

}  // namespace ociferry
