#include "layout/compact/checked_volumes.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry::compact {

std::size_t CheckedVolumes::read(MutableBytes buffer) {
  const std::uint64_t end = volumes_->end_at(offset_);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset_));
  const std::size_t got = volumes_->read_at(offset_, buffer.first(count));
  volumes_->done_with(offset_, got);
  if (got == 0) return 0;
  const std::string& file = volumes_->name_at(offset_);
  offset_ += got;
  if (!list_) return got;
  hasher_.update(buffer.first(got));
  if (offset_ == end) end_volume(file);
  return got;
}

void CheckedVolumes::end_volume(const std::string& file) {
  const Digest digest = hasher_.finish();
  hasher_ = Hasher();
  const Digest& expected = list_->volumes.at(ended_++).digest;
  if (digest == expected) return;
  throw Error(ErrorCode::Corrupt, text::cat(text::printable(file), " is damaged: its digest is ", digest.text(),
                                            ", but the list of volumes says ", expected.text()))
      .hint("copy that volume again");
}

std::string CheckedVolumes::place() const { return text::printable(volumes_->name_at(offset_ == 0 ? 0 : offset_ - 1)); }

std::size_t VolumeErrors::read(MutableBytes buffer) {
  try {
    return inner_->read(buffer);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Corrupt) error.while_doing(text::cat("reading ", volumes_.place()));
    throw;
  }
}

}  // namespace ociferry::compact
