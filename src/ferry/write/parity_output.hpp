#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "medium/volumes/volume_places.hpp"
#include "medium/writable_medium.hpp"
#include "ociferry/parity.hpp"

namespace ociferry {

/// Removes partial files when it is destroyed, unless they have got their names: of parity and of a repaired archive
/// nothing can be gone on with.
class DiscardedPartials {
 public:
  /// `outputs`: the final names. Make it after the partial files are locked.
  explicit DiscardedPartials(std::vector<std::filesystem::path> outputs) : outputs_(std::move(outputs)) {}
  DiscardedPartials(const DiscardedPartials&) = delete;
  DiscardedPartials& operator=(const DiscardedPartials&) = delete;
  ~DiscardedPartials();

  /// Another one, whose partial file is locked.
  void add(std::filesystem::path output) { outputs_.push_back(std::move(output)); }
  /// One that was removed.
  void forget(const std::filesystem::path& output) { std::erase(outputs_, output); }
  void release() noexcept { outputs_.clear(); }

 private:
  std::vector<std::filesystem::path> outputs_;
};

/// Throws Error{Usage} if `file` or its partial file holds something that `is_ours` does not know, unless `force`.
void check_may_replace(const std::filesystem::path& file, bool force, const std::function<bool(const Medium&)>& is_ours,
                       std::string_view what);

/// Where parity is written.
struct ParityPlace {
  std::filesystem::path output = {};  ///< OUT.parity; the name alone if it goes where there is room in `anywhere`
  bool force = false;                 ///< also replace files that are no parity
  std::uint64_t volume_bytes = 0;     ///< 0: one file. It divides only what does not go `anywhere`.
  std::vector<std::filesystem::path> anywhere = {};
};

/// Parity that is written: a file, or volumes. Earlier parity of that name is removed: a file, and volumes that follow
/// each other and begin with a header. Other files are replaced only with `force`, and only those that would be written
/// to, or read as the parity: NAME itself, even if there are volumes.
class ParityOutput {
 public:
  /// Checks what is there under its names, as far as these are known. Throws Error{Usage}, Error{NotFound}.
  explicit ParityOutput(ParityPlace place);

  /// Has it written by `write`, and gives it its name. On an Error the earlier parity is as it was, and nothing of the
  /// new one is left. Only if volumes that are whole cannot all get their names, earlier parity may be gone; then they
  /// stay as partial files. Throws Error{Usage} before anything is written. Returns its files.
  std::vector<std::filesystem::path> write(std::uint64_t bytes, const std::function<void(OutputMedium&)>& write) const;

  /// The existing files at the paths of this parity of `bytes` bytes, in any division. Empty if their sizes do not add
  /// up to that.
  [[nodiscard]] std::vector<std::filesystem::path> there(std::uint64_t bytes) const;

  /// Where it may go.
  [[nodiscard]] const std::vector<std::filesystem::path>& directories() const noexcept { return directories_; }
  /// OUT.parity
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  /// `earlier`: files that are known to be earlier parity.
  void check_may_write(const std::filesystem::path& file, const std::vector<std::filesystem::path>& earlier) const;
  /// True if the first volume is there, or its partial file.
  [[nodiscard]] bool is_begun(const std::vector<std::filesystem::path>& earlier) const;
  [[nodiscard]] std::vector<PlannedVolume> plan(std::uint64_t bytes) const;
  void remove_partials() const;

  ParityPlace place_;
  bool is_anywhere_;
  std::filesystem::path output_;                    ///< behind links
  std::vector<std::filesystem::path> directories_;  ///< at least one
  std::string name_;
};

/// Throws Error{Space} if `rooms` do not take the parity, of `percent`, of an archive `output` of `archive_bytes`, and
/// parity of that size is not there.
void check_room_for_parity(const std::vector<VolumeRoom>& rooms, const std::string& output, std::uint64_t archive_bytes,
                           unsigned percent, std::uint64_t beside);

}  // namespace ociferry
