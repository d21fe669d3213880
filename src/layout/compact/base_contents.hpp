#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "layout/compact/compact_format.hpp"
#include "layout/compact/content_finder.hpp"
#include "layout/image_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/kept_bytes.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/progress.hpp"

namespace ociferry::compact {

/// The contents of the layers of archives that the receiver has. All of them, unpacked, are in one sequence of bytes;
/// steps that take something of the base name places in that.
class BaseContents {
 public:
  /// Unpacks the layers of `archives`, which have seals, to a temporary file in `temporary_directory`. Throws
  /// Error{Corrupt}, Error{Space}, Error{Io}, Error{Interrupted}.
  BaseContents(const std::vector<std::shared_ptr<ImageArchive>>& archives,
               const std::filesystem::path& temporary_directory, const UnpackLimits& limits, Progress& progress,
               const std::stop_token& stop);

  /// The number of the blob with this digest, if the base has it.
  [[nodiscard]] std::optional<std::size_t> find_blob(const Descriptor& blob) const;

  /// The same content.
  [[nodiscard]] std::optional<Range> find(const ContentKey& key, std::uint64_t size) const;
  /// The content that a file at this path has there; of several, the one whose size is nearest.
  [[nodiscard]] std::optional<Range> find_older(const std::string& path, std::uint64_t size) const;
  /// Throws Error{Io}.
  void read(std::uint64_t at, MutableBytes buffer) const { unpacked_.read(at, buffer); }

  /// How many bytes its layers have, unpacked.
  [[nodiscard]] std::uint64_t unpacked_bytes() const noexcept { return unpacked_.size(); }

  /// After all steps are known: what of the base they take.
  struct Taken {
    Base base;
    std::map<std::size_t, std::size_t> numbers;  ///< of the blobs in `base`, by that which find_blob() gives
    std::vector<std::vector<Range>> ranges;      ///< of each blob
    /// Where each content is kept, by its place in the sequence of all.
    std::map<std::uint64_t, std::uint64_t> kept_at;
    /// The reverse.
    std::map<std::uint64_t, std::uint64_t> at;
    std::uint64_t kept_bytes = 0;
  };
  /// `used`: contents in the sequence of all, in any order. `whole`: blobs that are taken as they are.
  [[nodiscard]] Taken take(std::vector<Range> used, const std::set<std::size_t>& whole) const;

 private:
  struct Blob {
    Descriptor descriptor;
    std::uint64_t at = 0;     ///< where what it unpacks to begins
    std::uint64_t bytes = 0;  ///< that it unpacks to
  };
  class Listing;

  void add_blob(ImageArchive& archive, const Descriptor& blob, const UnpackLimits& limits, Progress& progress,
                const std::stop_token& stop);

  std::vector<Digest> archives_;
  std::vector<Blob> blobs_;
  std::map<Digest, std::size_t> numbers_;
  std::unordered_map<ContentKey, Range, HashOfContentKey> by_key_;
  std::unordered_map<std::string, std::vector<Range>> by_path_;
  KeptBytes unpacked_;
};

}  // namespace ociferry::compact
