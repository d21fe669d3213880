#include "medium/volumes/volume_medium.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

VolumeMedium::VolumeMedium(std::string name, std::vector<Part> parts, Open open, std::size_t most_open)
    : name_(std::move(name)), open_(std::move(open)), most_open_(most_open), parts_(std::move(parts)) {
  std::uint64_t end = 0;
  for (const Part& part : parts_) ends_.push_back(end += part.size);
}

std::size_t VolumeMedium::part_at(std::uint64_t offset) const noexcept {
  return static_cast<std::size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
}

std::shared_ptr<Medium> VolumeMedium::medium_of(std::size_t index) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(open_parts_, index, &OpenPart::index);
  if (found != open_parts_.end()) {
    open_parts_.splice(open_parts_.begin(), open_parts_, found);
    return found->medium;
  }
  // Before, so that a stick can be taken out when another one is asked for.
  while (open_parts_.size() >= most_open_) open_parts_.pop_back();
  std::shared_ptr<Medium> medium = open_(index);
  if (const std::uint64_t size = medium->size(); size != parts_[index].size) {
    throw Error(ErrorCode::Corrupt,
                text::cat(medium->name(), " has ", size, " bytes, but the volume has ", parts_[index].size))
        .hint("it was changed while it was read: copy it again");
  }
  parts_[index].is_there = true;
  open_parts_.push_front({index, medium});
  return medium;
}

std::size_t VolumeMedium::read_at(std::uint64_t offset, MutableBytes buffer) const {
  std::size_t done = 0;
  while (done < buffer.size() && offset + done < size()) {
    const std::uint64_t at = offset + done;
    const std::size_t part = part_at(at);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size() - done, ends_[part] - at));
    const auto medium = medium_of(part);
    const std::size_t got = medium->read_at(at - begin_of(part), buffer.subspan(done, wanted));
    done += got;
    if (got == wanted) continue;
    throw Error(ErrorCode::Corrupt, text::cat(medium->name(), " ends early, at offset ", at - begin_of(part) + got));
  }
  return done;
}

void VolumeMedium::done_with(std::uint64_t offset, std::uint64_t size) const noexcept {
  const std::lock_guard lock(mutex_);
  for (const OpenPart& part : open_parts_) {
    const std::uint64_t from = std::max(offset, begin_of(part.index));
    const std::uint64_t to = std::min(offset + size, ends_[part.index]);
    if (from < to) part.medium->done_with(from - begin_of(part.index), to - from);
  }
}

const std::string& VolumeMedium::name_at(std::uint64_t offset) const noexcept {
  return offset < size() ? parts_[part_at(offset)].name : name_;
}

bool VolumeMedium::is_at_hand(std::uint64_t offset, std::uint64_t size) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].is_there && begin_of(i) < offset + size && offset < ends_[i]) return false;
  }
  return true;
}

}  // namespace ociferry
