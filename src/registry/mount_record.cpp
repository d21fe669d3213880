#include "registry/mount_record.hpp"

namespace ociferry {

namespace {
/// The trial costs a request, so it is made only after some missing blobs.
constexpr int kTrialAt = 3;
}  // namespace

std::optional<RepositoryName> mount_place(const BlobSource& from, const RepositoryName& to) {
  auto place = from.mountable_from();
  if (place && (place->registry != to.registry || *place == to)) place.reset();
  return place;
}

void MountRecord::refuse(const RepositoryName& from) {
  const std::lock_guard lock(mutex_);
  refused_.insert(from);
}

bool MountRecord::is_refused(const RepositoryName& from) const {
  const std::lock_guard lock(mutex_);
  return refused_.contains(from);
}

bool MountRecord::self_mount_reliable() const {
  const std::lock_guard lock(mutex_);
  return self_mount_reliable_;
}

bool MountRecord::begins_trial() {
  const std::lock_guard lock(mutex_);
  return ++missing_ == kTrialAt;
}

void MountRecord::end_trial(bool passed) {
  const std::lock_guard lock(mutex_);
  self_mount_reliable_ = passed;
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
