#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "medium/medium.hpp"
#include "ociferry/limits.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Files by path: in a tar that is read in place, or in a directory. Read-only and thread-safe.
class FileTree {
 public:
  explicit FileTree(std::string name) : name_(std::move(name)) {}
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;
  virtual ~FileTree() = default;

  /// The path from the command line.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// The size of the file called `path`, or nullopt if there is no such file.
  [[nodiscard]] virtual std::optional<std::uint64_t> size_of(const std::string& path) const = 0;
  /// The file's content from byte `offset` on, which is at most its size. The tree must outlive the stream. Throws
  /// Error{Incomplete} if there is no such file.
  [[nodiscard]] virtual std::unique_ptr<ByteSource> open(const std::string& path, std::uint64_t offset) const = 0;
  /// The names of the folders at the top, sorted.
  [[nodiscard]] virtual std::vector<std::string> folders() const = 0;
  /// "<name>: <path> at offset <N>" or similar, for messages; also for missing files.
  [[nodiscard]] virtual std::string describe(const std::string& path) const = 0;
  /// The size of the whole tree on disk, in bytes.
  [[nodiscard]] virtual std::uint64_t total_bytes() const = 0;

  /// The whole content of an existing file. Throws Error{Hostile} if it has more than `limit` bytes.
  [[nodiscard]] std::string read(const std::string& path, std::uint64_t limit) const;

 private:
  std::string name_;
};

/// The files in a tar, indexed once by reading only the headers. Names are normalized by TarReader and unique; hard and
/// symbolic links are followed within the tar. Sparse files cannot be opened. The end marker may be missing, but
/// nothing may follow it.
class TarTree : public FileTree {
 public:
  /// Reads the headers of `medium`, to its end. Throws Error{Corrupt} or Error{Hostile}, as TarReader does, and for a
  /// duplicate name.
  explicit TarTree(std::unique_ptr<Medium> medium, const UnpackLimits& limits = {});

  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& path) const override;
  [[nodiscard]] std::unique_ptr<ByteSource> open(const std::string& path, std::uint64_t offset) const override;
  [[nodiscard]] std::vector<std::string> folders() const override;
  [[nodiscard]] std::string describe(const std::string& path) const override;
  [[nodiscard]] std::uint64_t total_bytes() const override { return medium_->size(); }

 private:
  struct Member {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool has_holes = false;
    std::optional<std::string> leads_to = {};  ///< for a link: its target
  };

  [[nodiscard]] std::optional<std::string> behind_first_link(const std::string& path) const;
  [[nodiscard]] const Member* find(const std::string& path) const;

  std::unique_ptr<Medium> medium_;
  std::map<std::string, Member> members_;
  bool has_end_ = false;
};

/// The files below a directory.
class DirectoryTree : public FileTree {
 public:
  /// Throws Error if `path` is not a readable directory.
  explicit DirectoryTree(const std::filesystem::path& path);

  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& path) const override;
  /// Throws Error{Hostile} if it is not a regular file.
  [[nodiscard]] std::unique_ptr<ByteSource> open(const std::string& path, std::uint64_t offset) const override;
  [[nodiscard]] std::vector<std::string> folders() const override;
  [[nodiscard]] std::string describe(const std::string& path) const override;
  [[nodiscard]] std::uint64_t total_bytes() const override;

 private:
  std::filesystem::path directory_;
};

/// The files below one folder of another tree, under that tree's name.
class Subtree : public FileTree {
 public:
  Subtree(std::unique_ptr<FileTree> tree, std::string folder);

  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& path) const override;
  [[nodiscard]] std::unique_ptr<ByteSource> open(const std::string& path, std::uint64_t offset) const override;
  [[nodiscard]] std::vector<std::string> folders() const override { return {}; }
  [[nodiscard]] std::string describe(const std::string& path) const override;
  [[nodiscard]] std::uint64_t total_bytes() const override { return tree_->total_bytes(); }

 private:
  std::unique_ptr<FileTree> tree_;
  std::string folder_;
};

/// The names of the first members of the tar in `medium`: at most `count`, ending with `last` if it is among them.
/// Reads as strictly as TarTree. Throws Error.
[[nodiscard]] std::vector<std::string> first_members(const Medium& medium, std::size_t count,
                                                     std::string_view last = {});

}  // namespace ociferry
