#include "medium/medium.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void Medium::done_with(std::uint64_t, std::uint64_t) const noexcept {}

std::size_t MediumSource::read(MutableBytes buffer) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_));
  if (wanted == 0) return 0;
  const std::size_t got = medium_.read_at(offset_, buffer.first(wanted));
  if (got < wanted) {
    Error error(ErrorCode::Corrupt, text::cat(medium_.name(), " ends early, at offset ", offset_ + got));
    if (medium_.stream() != nullptr) error.hint("the sender has failed, or the way between was cut: see what it says");
    throw error;
  }
  medium_.done_with(offset_, got);
  offset_ += got;
  left_ -= got;
  return got;
}

}  // namespace ociferry
