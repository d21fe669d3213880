#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/bytes.hpp"

namespace ociferry {

/// Owns a file descriptor. The destructor closes it quietly; `close()` reports a failure.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Throws Error{Io} if the kernel reports that closing failed (data may be lost then).
  void close(const std::string& name);

 private:
  int fd_ = -1;
};

/// Opens with O_CLOEXEC added. Throws Error naming `path`.
[[nodiscard]] UniqueFd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0666);

/// Reads exactly `buffer.size()` bytes at `offset`, or fewer at the end of the file; returns how many. Throws Error.
[[nodiscard]] std::size_t pread_full(int fd, MutableBytes buffer, std::uint64_t offset, const std::string& name);
/// Writes all of `bytes` at `offset`. Throws Error (Space if there is no room).
void pwrite_full(int fd, Bytes bytes, std::uint64_t offset, const std::string& name);
/// Writes all of `bytes` at the file's position. Throws Error.
void write_full(int fd, Bytes bytes, const std::string& name);
void fsync_fd(int fd, const std::string& name);
/// Makes a rename in `directory` durable.
void fsync_directory(const std::filesystem::path& directory);
/// Makes all that was written to the file system of `fd` durable (syncfs). Throws Error naming `name`.
void sync_file_system(int fd, const std::string& name);
/// Renames. Throws Error naming both.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Makes one directory, with mode 0777 less the umask. Throws Error.
void make_directory(const std::filesystem::path& path);

/// The same, unless it is a directory already, or becomes one at this moment. True if this call has made it.
bool make_directory_if_absent(const std::filesystem::path& path);
[[nodiscard]] std::uint64_t file_size(int fd, const std::string& name);

/// The whole file as text. Throws Error{Hostile} if it is larger than `limit` bytes, or Error if it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uint64_t limit);

/// Writes `content` to a temporary file beside `path`, syncs it and renames it into place: a reader sees
/// the old content or the new, never a part. Removes temporary files that killed runs left for the same path.
/// Throws Error; then nothing has changed, unless the directory could not be synced after the rename.
void write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode);

/// A directory of this process alone, removed with all it holds unless released. It is locked while it exists, so
/// that no process takes it for one whose owner was killed (see temporary.hpp).
class TempDirectory {
 public:
  /// Creates "<parent>/.<prefix>XXXXXX" with mode 0700. Throws Error.
  TempDirectory(const std::filesystem::path& parent, const std::string& prefix);
  /// Takes over one that exists.
  TempDirectory(std::filesystem::path path, UniqueFd lock);
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Keeps the directory; it was moved or is wanted.
  void release() noexcept { path_.clear(); }

 private:
  std::filesystem::path path_;
  UniqueFd lock_;
};

/// A file without a name in `directory`, gone when closed. Throws Error.
[[nodiscard]] UniqueFd anonymous_file(const std::filesystem::path& directory);

}  // namespace ociferry
