#include "medium/volumes/running_sums.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "base/sizes.hpp"
#include "base/threads.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry {

namespace {

/// The most bytes between the hashed front and a write that the writing thread reads itself: headers and paddings.
constexpr std::uint64_t kBetween = kMiB;
/// The thread begins with a volume if this many bytes wait there, and continues until kBetween is left.
constexpr std::uint64_t kWorthFollowing = 4 * kMiB;

}  // namespace

RunningSums::RunningSums(const std::vector<std::uint64_t>& ends) {
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    volumes_.push_back({.begin = begin, .end = end, .front = begin, .claimed = begin});
    begin = end;
  }
}

void RunningSums::start(Read read) {
  read_ = std::move(read);
  buffer_.resize(kReadBufferBytes);
  follower_ = start_thread([this] { follow(); });  // without it, more is left for the end
}

void RunningSums::stop() {
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
  }
  changed_.notify_all();
  if (follower_.joinable()) follower_.join();
}

std::vector<RunningSums::Begun> RunningSums::take() {
  stop();
  std::vector<Begun> begun;
  for (Volume& volume : volumes_) {
    const bool is_good = !volume.is_lost && volume.claimed == volume.front;
    begun.push_back(is_good ? Begun{volume.front - volume.begin, std::move(volume.hasher)} : Begun());
  }
  return begun;
}

void RunningSums::wrote(std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return;
  bool is_worth = false;
  {
    const std::lock_guard lock(mutex_);
    note_written(offset, offset + size);
    for (auto volume = volume_at(offset); volume != volumes_.end() && volume->begin < offset + size; ++volume) {
      // Other bytes were there when they were hashed, or may have been.
      if (std::max(offset, volume->begin) < volume->claimed) volume->is_lost = true;
      is_worth = is_worth || is_worth_following(*volume, kWorthFollowing);
    }
  }
  if (is_worth) changed_.notify_all();
}

std::vector<RunningSums::Volume>::iterator RunningSums::volume_at(std::uint64_t offset) {
  return std::ranges::upper_bound(volumes_, offset, {}, &Volume::end);
}

void RunningSums::note_written(std::uint64_t begin, std::uint64_t end) {
  auto next = written_.upper_bound(begin);
  if (next != written_.begin() && std::prev(next)->second >= begin) {
    --next;
    begin = next->first;
    end = std::max(end, next->second);
    next = written_.erase(next);
  }
  while (next != written_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = written_.erase(next);
  }
  written_.emplace_hint(next, begin, end);
}

/// Where what was written from `offset` on ends: `offset` if nothing was.
std::uint64_t RunningSums::written_until(std::uint64_t offset) const {
  const auto next = written_.upper_bound(offset);
  return next == written_.begin() ? offset : std::max(offset, std::prev(next)->second);
}

/// True if it is the caller's to hash the volume up to `end` now: `begin` is where it is hashed to, or at most
/// `most_between` behind that.
bool RunningSums::claim(Volume& volume, std::uint64_t begin, std::uint64_t end, std::uint64_t most_between) {
  const std::lock_guard lock(mutex_);
  if (has_ended_ || volume.is_lost || volume.claimed != volume.front) return false;
  if (begin < volume.front || begin - volume.front > most_between) return false;
  if (begin > volume.front && written_until(volume.front) < begin) return false;
  volume.claimed = end;
  return true;
}

/// Reads and hashes a claimed volume up to `end`.
void RunningSums::hash_range(Volume& volume, std::uint64_t end, std::vector<std::byte>& buffer) {
  for (std::uint64_t at = volume.front; at < end;) {
    const auto part =
        std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - at)));
    read_(at, part);
    volume.hasher.update(part);
    at += part.size();
  }
}

void RunningSums::settle(Volume& volume, bool is_good) {
  const std::lock_guard lock(mutex_);
  volume.front = volume.claimed;
  if (!is_good) volume.is_lost = true;
}

void RunningSums::hash_jointly(std::uint64_t offset, Bytes bytes, Hasher& hasher) {
  while (!bytes.empty()) {
    const auto volume = volume_at(offset);
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), volume->end - offset));
    hash_in_volume(*volume, offset, bytes.first(here), hasher);
    bytes = bytes.subspan(here);
    offset += here;
  }
}

void RunningSums::hash_in_volume(Volume& volume, std::uint64_t offset, Bytes bytes, Hasher& hasher) {
  if (!claim(volume, offset, offset + bytes.size(), kBetween)) return hasher.update(bytes);
  try {
    std::vector<std::byte> between(static_cast<std::size_t>(offset - volume.front));
    hash_range(volume, offset, between);
  } catch (const Error&) {
    // The final reading fails in the same way, and reports it.
    settle(volume, false);
    return hasher.update(bytes);
  }
  volume.hasher.update(bytes);
  hasher.update(bytes);
  settle(volume, true);
}

/// True if at least `least` bytes can be hashed, and no thread does.
bool RunningSums::is_worth_following(const Volume& volume, std::uint64_t least) const {
  if (volume.is_lost || volume.claimed != volume.front || volume.front == volume.end) return false;
  return std::min(volume.end, written_until(volume.front)) - volume.front >= least;
}

/// What to follow: `last` as long as there is some more of it.
RunningSums::Volume* RunningSums::next_volume(const Volume* last) {
  for (Volume& volume : volumes_) {
    const std::uint64_t least = &volume == last ? std::min(kBetween, volume.end - volume.front) : kWorthFollowing;
    if (is_worth_following(volume, least)) return &volume;
  }
  return nullptr;
}

void RunningSums::follow() {
  Volume* volume = nullptr;
  for (;;) {
    std::uint64_t end = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return has_ended_ || (volume = next_volume(volume)) != nullptr; });
      if (has_ended_) return;
      end = std::min({volume->end, written_until(volume->front), volume->front + kReadBufferBytes});
      volume->claimed = end;
    }
    bool is_good = true;
    try {
      hash_range(*volume, end, buffer_);
    } catch (const Error&) {
      is_good = false;  // as in hash_in_volume
    }
    settle(*volume, is_good);
  }
}

}  // namespace ociferry
