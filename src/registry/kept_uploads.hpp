#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "credentials/environment.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The note of one large upload: where its session is at the registry, so that a later run can go on with it if this
/// one is killed. It is locked by its owner. Used by one thread. Whatever goes wrong with the file ends the note, told
/// with --debug: an upload never fails for it.
class KeptUpload {
 public:
  KeptUpload(std::filesystem::path path, UniqueFd file, RepositoryName name, const Digest& blob, Progress& progress);

  /// What an earlier run has noted, as `keep` got it; nullopt if it noted nothing that can be read.
  [[nodiscard]] const std::optional<std::string>& earlier() const noexcept { return earlier_; }
  /// Notes that the session is at `target` now, a path and query at the registry. Blocks on the disk's cache only.
  void keep(std::string_view target);
  /// Removes the note: there is nothing to go on with.
  void forget();
  /// True if something is noted.
  [[nodiscard]] bool is_kept() const noexcept { return is_kept_; }

 private:
  void end(std::string_view what, const std::string& why);

  std::filesystem::path path_;
  UniqueFd file_;
  RepositoryName name_;
  Digest blob_;
  Progress& progress_;
  std::optional<std::string> earlier_;
  bool is_kept_ = false;
};

/// Where those notes are: a file for each upload below the user's state directory. A blob is what its digest says, so
/// whatever it is read from, the note is that of its destination and digest. Thread-safe, also between processes.
class KeptUploads {
 public:
  /// Smaller blobs begin again: they cost less than the notes.
  static constexpr std::uint64_t kLeastBytes = std::uint64_t{16} * 1024 * 1024;
  /// Registries take unfinished uploads away after some time; distribution after a week.
  static constexpr std::chrono::hours kLongest{7 * 24};
  /// Further uploads leave no note.
  static constexpr std::size_t kMost = 256;

  /// Notes are kept in `directory`, which is made when it is needed; empty: none are kept. `progress` must outlive it.
  KeptUploads(std::filesystem::path directory, Progress& progress)
      : directory_(std::move(directory)), progress_(progress) {}

  /// The note for `blob` on its way to `name`; null if none can be made, or another process has it.
  [[nodiscard]] std::unique_ptr<KeptUpload> open(const RepositoryName& name, const Digest& blob) const;

 private:
  [[nodiscard]] std::unique_ptr<KeptUpload> open_or_throw(const RepositoryName& name, const Digest& blob) const;
  [[nodiscard]] bool make_room() const;

  std::filesystem::path directory_;
  Progress& progress_;
};

/// $XDG_STATE_HOME/ociferry/uploads, or that below ~/.local/state; empty if there is no such place.
[[nodiscard]] std::filesystem::path kept_uploads_directory(const Environment& environment);

}  // namespace ociferry
