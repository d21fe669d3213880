#include "layout/compact/base_contents.hpp"

#include <algorithm>
#include <limits>

#include "archive/unpacker.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "layout/compact/layer_study.hpp"
#include "layout/compact/watched_source.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry::compact {

/// Notes what a finder finds in a blob.
class BaseContents::Listing : public ContentWatcher {
 public:
  Listing(BaseContents& all, std::uint64_t begin) : all_(all), begin_(begin) {}
  [[nodiscard]] bool wants(const std::string& /*path*/, std::uint64_t /*size*/) override { return false; }
  void found(FoundContent& content, const std::string& path, Bytes /*bytes*/) override {
    found_.push_back(
        {.key = content.key, .at = {.offset = begin_ + content.offset, .bytes = content.size}, .path = path});
  }
  /// Takes them over.
  void add_all() {
    for (const Found& found : found_) {
      const Range& first = all_.by_key_.emplace(found.key, found.at).first->second;
      std::vector<Range>& older = all_.by_path_[found.path];
      if (std::ranges::find(older, first) == older.end()) older.push_back(first);
    }
  }

 private:
  struct Found {
    ContentKey key;
    Range at;
    std::string path;
  };
  BaseContents& all_;
  std::uint64_t begin_;
  std::vector<Found> found_ = {};
};

BaseContents::BaseContents(const std::vector<std::shared_ptr<ImageArchive>>& archives,
                           const std::filesystem::path& temporary_directory, const UnpackLimits& limits,
                           Progress& progress, const std::stop_token& stop)
    : unpacked_(std::numeric_limits<std::int64_t>::max(), temporary_directory,
                "the unpacked layers of the older archive", KeptBytes::Room::Unchecked) {
  for (const std::shared_ptr<ImageArchive>& archive : archives) {
    const ArchiveReader* sealed = archive->sealed();
    archives_.push_back(sealed->fingerprint());
    const std::vector<Descriptor> blobs = sealed->blobs();
    progress.phase(text::cat("unpacking the layers of ", archive->name()), archive->total_bytes());
    for (const Descriptor& blob : blobs) {
      if (numbers_.contains(blob.digest)) {
        progress.skip(static_cast<std::int64_t>(blob.size));
      } else {
        add_blob(*archive, blob, limits, progress, stop);
      }
    }
  }
}

void BaseContents::add_blob(ImageArchive& archive, const Descriptor& blob, const UnpackLimits& limits,
                            Progress& progress, const std::stop_token& stop) {
  throw_if_stopped(stop);
  Blob added{.descriptor = blob, .at = unpacked_.size()};
  numbers_.emplace(blob.digest, blobs_.size());
  WatchedSource source(open_verified(archive, blob, stop), progress);
  try {
    Listing listing(*this, added.at);
    ContentFinder finder(&listing);
    Unpacker unpacked(source, archive.name_of(blob.digest), limits);
    std::vector<std::byte> buffer(kReadBufferBytes);
    while (const std::size_t got = unpacked.read(buffer)) {
      throw_if_stopped(stop);
      unpacked_.append(Bytes(buffer).first(got));
      finder.write(Bytes(buffer).first(got));
    }
    listing.add_all();
  } catch (const Error& error) {
    // What cannot be unpacked is no layer, and can be taken as a whole only.
    const bool is_about_content = error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Hostile ||
                                  error.reason() == ErrorReason::NotTar;
    if (source.has_failed() || !is_about_content) throw;
    progress.debug(error.message());
  }
  added.bytes = unpacked_.size() - added.at;
  blobs_.push_back(std::move(added));
}

std::optional<std::size_t> BaseContents::find_blob(const Descriptor& blob) const {
  const auto found = numbers_.find(blob.digest);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Range> BaseContents::find(const ContentKey& key, std::uint64_t size) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || found->second.bytes != size) return std::nullopt;
  return found->second;
}

std::optional<Range> BaseContents::find_older(const std::string& path, std::uint64_t size) const {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return std::nullopt;
  const auto distance = [&](const Range& one) { return one.bytes > size ? one.bytes - size : size - one.bytes; };
  return *std::ranges::min_element(found->second, {}, distance);
}

BaseContents::Taken BaseContents::take(std::vector<Range> used, const std::set<std::size_t>& whole) const {
  Taken taken;
  std::vector<std::vector<Range>> ranges(blobs_.size());
  std::ranges::sort(used, {}, &Range::offset);
  std::uint64_t end = 0;
  std::size_t blob = 0;
  for (const Range& range : used) {
    if (range.offset < end) continue;  // the same content once more
    while (range.offset >= blobs_[blob].at + blobs_[blob].bytes) ++blob;
    taken.kept_at.emplace(range.offset, taken.kept_bytes);
    taken.at.emplace(taken.kept_bytes, range.offset);
    ranges[blob].push_back({.offset = range.offset - blobs_[blob].at, .bytes = range.bytes});
    taken.kept_bytes += range.bytes;
    end = range.offset + range.bytes;
  }
  taken.base.archives = archives_;
  for (std::size_t i = 0; i < blobs_.size(); ++i) {
    if (ranges[i].empty() && !whole.contains(i)) continue;
    taken.numbers.emplace(i, taken.base.blobs.size());
    taken.base.blobs.push_back(blobs_[i].descriptor);
    taken.ranges.push_back(std::move(ranges[i]));
  }
  return taken;
}

}  // namespace ociferry::compact
