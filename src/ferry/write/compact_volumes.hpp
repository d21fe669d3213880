#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ferry/write/compact_output.hpp"
#include "ferry/write/parity_output.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_list.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

/// True if `medium` begins like an archive, compact or not.
[[nodiscard]] bool begins_like_archive(const Medium& medium);

/// Throws Error if volumes of a compact archive cannot be written as `rule` says, or files would be replaced that are
/// none of ours, unless `force`.
void check_compact_volumes(const std::filesystem::path& output, const VolumeRule& rule, bool force);

/// A compact archive that is written as volumes, OUT.001, OUT.002, ..., and beside them OUT.volumes.json and
/// SHA256SUMS. The next volume is begun when one is full; where directories are to be filled, in the first one that has
/// room by then; the first one goes by that when the first byte comes.
class CompactVolumes : public CompactOutput {
 public:
  /// Removes the unfinished volumes of an earlier run. Throws Error{Busy} if another process writes them, Error{Io}.
  CompactVolumes(const std::filesystem::path& output, const VolumeRule& rule, bool force);

  /// Throws Error{Usage} if there would be too many volumes, Error{Space} also if all directories are full, Error{Io}.
  void write(Bytes bytes) override;
  [[nodiscard]] std::uint64_t written() const noexcept override { return list_.archive_bytes; }
  void sync() override;
  using CompactOutput::reopen;
  [[nodiscard]] std::unique_ptr<Medium> reopen(DeviceReader* device) const override;
  /// What an older set of that name has is removed first; what is unfinished is kept if that fails. A run that is
  /// killed within it leaves a list beside the volumes by which the next one knows that they are ours.
  void publish() override;
  [[nodiscard]] std::vector<WrittenVolume> files() const override;
  [[nodiscard]] std::vector<WrittenVolume> volumes() const override { return files(); }

 private:
  void begin_volume();
  void end_volume();
  [[nodiscard]] std::uint64_t find_room();
  [[nodiscard]] Error lack_of_room() const;
  void place_first_volume();
  void remove_leftovers() const;
  void check_directories() const;
  void replace_older() const;
  void write_lists() const;
  [[nodiscard]] std::vector<VolumeEntry> volumes_in(const std::filesystem::path& directory) const;

  std::vector<std::filesystem::path> directories_;
  std::string output_;
  VolumeRule rule_;
  bool force_;
  std::size_t filling_ = 0;         ///< the directory of the volume that is written
  std::uint64_t volume_bytes_ = 0;  ///< that it may have
  VolumeList list_;
  std::vector<std::filesystem::path> paths_;
  std::vector<std::unique_ptr<PartialFile>> files_;
  DiscardedPartials discarded_{{}};
  Hasher all_;
  std::optional<Hasher> volume_;  ///< of the volume that is written
  std::optional<Hasher> begin_;   ///< of its first bytes
};

}  // namespace ociferry
