#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/volumes/running_sums.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/writable_medium.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The directories that volumes of `output` are written to.
[[nodiscard]] std::vector<std::filesystem::path> directories_of_volumes(const std::filesystem::path& output,
                                                                        const VolumeRule& rule);

/// Throws Error if volumes of `output` cannot be written as `rule` says. Call it before any other work.
void check_divided_output(const std::filesystem::path& output, const VolumeRule& rule);

/// An archive that is written as volumes: OUT.001, OUT.002, ..., and beside them OUT.volumes.json and SHA256SUMS.
class DividedOutput {
 public:
  /// Divides the archive. A run that goes on with another one's files divides as that did. Throws Error{Usage} if there
  /// would be too many volumes, or if files would be replaced that are none of ours, unless `force`; Error{Space} if
  /// the directories of `rule` have no room.
  DividedOutput(const std::filesystem::path& output, const VolumeRule& rule, const ArchivePlan& plan, bool force);

  /// The set that is there already, if all of it is; else null.
  [[nodiscard]] std::shared_ptr<ArchiveReader> open_existing(Progress& progress);
  /// True if open_existing() returned an archive whose volumes lie and end as those that would be written.
  [[nodiscard]] bool is_divided_alike() const noexcept { return is_alike_; }
  /// True if make_medium() gives published volumes of an interrupted run their partial names back.
  [[nodiscard]] bool takes_back() const noexcept { return !unfinished_.empty(); }
  [[nodiscard]] const std::vector<PlannedVolume>& volumes() const noexcept { return volumes_; }
  [[nodiscard]] const std::string& output() const noexcept { return output_; }

  /// What the archive is written to. Throws as VolumeOutput.
  [[nodiscard]] std::unique_ptr<OutputMedium> make_medium();

  /// Completes the digests of the volumes, which make_medium() has begun: reads what is left of `archive`, which was
  /// written.
  void sum(const Medium& archive, const Context& context);
  /// The same of the volumes that open_existing() has found, if their list or SHA256SUMS is missing.
  void complete_existing(const Context& context);
  /// After the volumes have their names: writes SHA256SUMS, and last the list, into each directory.
  void finish();
  /// What was written. Empty before sum().
  [[nodiscard]] std::vector<WrittenVolume> written() const;

 private:
  [[nodiscard]] std::vector<std::filesystem::path> read_old_lists(bool force);
  void check_existing(bool force);
  void check_file(const std::filesystem::path& file, bool force);
  void check_partial(const std::filesystem::path& file, bool is_ours, bool force);
  void take_back();
  [[nodiscard]] bool is_volume_of(const ArchivePlan& plan, const std::filesystem::path& file) const;
  [[nodiscard]] const PlannedVolume* planned(const std::filesystem::path& file) const;
  [[nodiscard]] std::uint64_t offset_of(const PlannedVolume& volume) const;

  std::string output_;
  std::vector<std::filesystem::path> directories_;
  std::vector<PlannedVolume> volumes_;
  VolumeList list_;
  ArchivePlan plan_;
  std::vector<VolumeList> old_lists_;
  std::vector<std::filesystem::path> listed_;  ///< directories that have one under its name
  std::shared_ptr<RunningSums> running_;       ///< while they are written
  std::vector<std::filesystem::path> retired_;
  std::vector<std::filesystem::path> leftovers_;
  std::vector<std::filesystem::path> unfinished_;  ///< published by a run that was killed while it published
  bool is_alike_ = false;
  bool is_complete_ = false;  ///< nothing is to be written
};

}  // namespace ociferry
