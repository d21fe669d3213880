#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "medium/partial_file.hpp"
#include "medium/volumes/running_sums.hpp"
#include "medium/writable_medium.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// An output in several files, each of which is written as OUT.NNN.partial. All are published together.
class VolumeOutput : public OutputMedium {
 public:
  /// `output`: "OUT". `retired`: files that are removed before the volumes get their names, because these replace them;
  /// lists of volumes among them lose their names first and go last.
  /// `leftovers`: unfinished files of an earlier run that divided the archive in another way, removed when room is
  /// reserved. `sums` of these volumes, not started yet, may be null. Throws as PartialFile.
  VolumeOutput(std::string output, std::vector<PlannedVolume> volumes, std::vector<std::filesystem::path> retired,
               std::vector<std::filesystem::path> leftovers, std::shared_ptr<RunningSums> sums = nullptr);
  VolumeOutput(const VolumeOutput&) = delete;
  VolumeOutput& operator=(const VolumeOutput&) = delete;
  ~VolumeOutput() override;

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  /// 0 unless every file has the size of its volume.
  [[nodiscard]] std::uint64_t size() const override;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  [[nodiscard]] const std::string& name_at(std::uint64_t offset) const noexcept override;
  [[nodiscard]] std::uint64_t begin_at(std::uint64_t offset) const noexcept override;
  [[nodiscard]] std::uint64_t end_at(std::uint64_t offset) const override;
  void write_at(std::uint64_t offset, Bytes bytes) override;
  [[nodiscard]] std::uint64_t written_until(std::uint64_t offset) const override;
  [[nodiscard]] bool is_summed() const noexcept override { return sums_ != nullptr; }
  void hash_jointly(std::uint64_t offset, Bytes bytes, Hasher& hasher) override;

  /// Throws Error{Space} if they do not fit, before any is made longer.
  void reserve(std::uint64_t bytes, Existing existing) override;
  void sync() override;
  [[nodiscard]] std::unique_ptr<Medium> reopen(DeviceReader* device) const override;
  using OutputMedium::reopen;
  /// A run that is killed within it leaves volumes with and without their final names; what then begins anew gives the
  /// first ones back their partial names.
  void publish() override;

 private:
  /// A range of bytes within one file.
  struct Piece {
    std::size_t part;
    std::uint64_t offset;  ///< within the file
    std::size_t size;
  };
  [[nodiscard]] Piece piece_at(std::uint64_t offset, std::size_t most) const noexcept;

  std::string output_;
  std::string name_;
  std::vector<PlannedVolume> volumes_;
  std::vector<std::filesystem::path> retired_;
  std::vector<std::filesystem::path> leftovers_;
  std::vector<std::unique_ptr<PartialFile>> files_;
  std::vector<std::uint64_t> ends_;
  std::shared_ptr<RunningSums> sums_;
};

}  // namespace ociferry
