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

/// The record of one large upload, with its session at the registry, so that a later run can resume it if this one is
/// killed. A file that its owner locks. Used by one thread. Errors of the file end the record with a debug line; an
/// upload never fails because of them.
class KeptUpload {
 public:
  KeptUpload(std::filesystem::path path, UniqueFd file, RepositoryName name, const Digest& blob, Progress& progress);

  /// What an earlier run passed to `keep`; nullopt if there is no usable record.
  [[nodiscard]] const std::optional<std::string>& earlier() const noexcept { return earlier_; }
  /// Records `target`, the current path and query of the session. Writes to the page cache only.
  void keep(std::string_view target);
  /// Removes the record.
  void forget();
  /// True if there is a record.
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

/// The directory of these records: a file for each upload in the user's state directory, named by destination and
/// digest. Thread-safe, also between processes.
class KeptUploads {
 public:
  /// Smaller blobs have no record: uploading them again costs less.
  static constexpr std::uint64_t kLeastBytes = std::uint64_t{16} * 1024 * 1024;
  /// Registries remove unfinished uploads after some time; distribution after a week.
  static constexpr std::chrono::hours kLongest{7 * 24};
  /// Further uploads have no record.
  static constexpr std::size_t kMost = 256;

  /// `directory` is created when needed; empty: no records. `progress` must outlive it.
  KeptUploads(std::filesystem::path directory, Progress& progress)
      : directory_(std::move(directory)), progress_(progress) {}

  /// The record of the upload of `blob` to `name`; null if it cannot be created, or another process has it.
  [[nodiscard]] std::unique_ptr<KeptUpload> open(const RepositoryName& name, const Digest& blob) const;

 private:
  [[nodiscard]] std::unique_ptr<KeptUpload> open_or_throw(const RepositoryName& name, const Digest& blob) const;
  [[nodiscard]] bool make_room() const;

  std::filesystem::path directory_;
  Progress& progress_;
};

/// $XDG_STATE_HOME/ociferry/uploads, or that below ~/.local/state; empty if there is no home directory.
[[nodiscard]] std::filesystem::path kept_uploads_directory(const Environment& environment);

}  // namespace ociferry
