#include "ferry/gather/verify_medium.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/gather/watched_media.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

bool is_of_medium(const Error& error) { return error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Io; }

/// All that a medium returned wrong.
class MediumDamage {
 public:
  void add(const Error& error, const std::string& more = {}) {
    is_corrupt_ = is_corrupt_ || error.code() == ErrorCode::Corrupt;
    lines_.push_back(error.message() + more);
  }
  /// That `extent` is wrong.
  void widen(const ArchiveReader::Extent& extent) {
    const auto [hull, is_new] = hulls_.emplace(extent.file, std::pair(extent.from, extent.to));
    if (is_new) return;
    hull->second.first = std::min(hull->second.first, extent.from);
    hull->second.second = std::max(hull->second.second, extent.to);
  }
  /// False if so much is damaged that no more searches are worth it.
  [[nodiscard]] bool is_short() const noexcept { return lines_.size() < kMostLines; }
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
  [[noreturn]] void raise(const DeviceReader& device) const {
    std::string list =
        lines_.size() == 1
            ? lines_.front()
            : text::cat(lines_.size(), " parts are not as they were written:", text::listed(lines_, kMostLines));
    for (const auto& [file, hull] : hulls_) list += device.tell_of(file, hull.first, hull.second);
    throw Error(is_corrupt_ ? ErrorCode::Corrupt : ErrorCode::Io, list)
        .hint(
            "the medium, its reader or its cable returns something else than was written: try another slot or cable; "
            "if it stays, copy the archive to another medium, and trust this one with nothing");
  }

 private:
  static constexpr std::size_t kMostLines = 10;
  std::vector<std::string> lines_;
  bool is_corrupt_ = false;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> hulls_;  ///< of each file, from the first to the last
};

/// "; it lies in FILE, offset A to B": where a blob is.
std::string tell_extents(const ImageArchive& archive, const Digest& blob, MediumDamage& damage) {
  const ArchiveReader* const sealed = archive.sealed();
  if (sealed == nullptr) return {};
  std::string told;
  for (const auto& extent : sealed->extents_of(blob)) {
    told +=
        text::cat(told.empty() ? "; it lies in " : " and ", extent.file, ", offset ", extent.from, " to ", extent.to);
    damage.widen(extent);
  }
  return told;
}

}  // namespace

ImageSet verify_medium(const std::shared_ptr<ImageArchive>& archive, const DeviceReader& device,
                       const Context& context) {
  MediumDamage damage;
  if (const ArchiveReader* sealed = archive->sealed()) {
    sealed->check_headers([&](const Error& error) { damage.add(error); });
  }
  std::optional<ImageSet> set;
  std::optional<Error> unloadable;
  try {
    set.emplace(load_archive(archive, context));
  } catch (const Error& error) {
    // Its blobs are read, too, so that all damage is reported.
    const bool is_of_archive =
        is_of_medium(error) || error.code() == ErrorCode::Incomplete || error.code() == ErrorCode::Hostile;
    if (!is_of_archive || archive->sealed() == nullptr) throw;
    unloadable = error;
  }
  const std::vector<Descriptor> blobs = set ? blobs_to_verify(*archive, *set) : archive->sealed()->blobs();
  const auto failures = check_blobs(*archive, blobs, in_order_if_needed(context, *archive));
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (!failures[i]) continue;
    try {
      std::rethrow_exception(failures[i]);
    } catch (const Error& error) {
      if (!is_of_medium(error)) throw;
      const Digest& blob = blobs[i].digest;
      const std::string needed = set && damage.is_short() ? needed_by(*set, blob) : "";
      damage.add(error, text::cat(needed.empty() ? "" : "; ", needed, tell_extents(*archive, blob, damage)));
    }
  }
  if (!damage.empty()) damage.raise(device);
  if (unloadable) throw *unloadable;
  return *std::move(set);
}

MediumReading verify_written(const OutputMedium& written, const Context& context) {
  DeviceReader device(*context.progress);
  try {
    const auto archive = std::make_shared<ArchiveReader>(written.reopen(&device));
    static_cast<void>(verify_medium(archive, device, context));
  } catch (const Error& error) {
    if (!is_of_medium(error)) throw;
    throw Error(error.code(),
                text::cat("the archive was written, but its medium returns something else: ", error.message()))
        .hint(text::cat("try another slot or cable: the same command writes anew what is wrong; if it comes again, the "
                        "medium is failing or its capacity is false: write to another one; ",
                        written.name(), " did not get its name"));
  }
  return reading_of(device, written.name(), *context.progress);
}

MediumReading verify_files(const std::vector<std::filesystem::path>& files, const Context& context) {
  VolumeSearch search;
  for (const auto& file : files) search.directories.push_back(directory_of_volume(file));
  DeviceReader device(*context.progress);
  const auto archive =
      open_image_archive(files.front(), context.unpack, silent_progress(), context.stop, search, &device);
  static_cast<void>(verify_medium(archive, device, context));
  return reading_of(device, archive->name(), *context.progress);
}

MediumReading reading_of(const DeviceReader& device, const std::string& name, Progress& progress) {
  if (const auto slowdown = device.slowdown()) warn_of_slowdown(name, *slowdown, progress);
  return {.bytes = device.bytes(),
          .busy = std::chrono::duration_cast<std::chrono::milliseconds>(device.busy()),
          .is_past_cache = device.is_past_cache()};
}

}  // namespace ociferry
