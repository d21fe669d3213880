#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "medium/medium.hpp"
#include "medium/page_cache.hpp"

namespace ociferry {

/// A file that is read. It stays open: the file that was checked is the one that is used, even if it is renamed.
class FileMedium : public Medium {
 public:
  /// Takes over `fd`, an open regular file, whose size must not change. Throws Error{Io}.
  FileMedium(std::string name, UniqueFd fd);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  /// Takes them out of the page cache if the file would fill it.
  void done_with(std::uint64_t offset, std::uint64_t size) const noexcept override;

 private:
  std::string name_;
  UniqueFd fd_;
  std::uint64_t size_;
  PageCacheHints hints_;
};

/// An open regular file and its name for messages.
struct OpenedFile {
  std::string name;
  UniqueFd fd;
};
/// Opens the regular file at `path`, as open_medium(). nullopt if something else is there.
[[nodiscard]] std::optional<OpenedFile> open_regular_file(const std::filesystem::path& path);

/// Opens the regular file at `path`; "-" is the one that standard input was redirected from. Null if something else is
/// there: a directory, a pipe, a device. Throws Error{NotFound} if nothing is there, Error{Io} if it cannot be opened.
[[nodiscard]] std::unique_ptr<Medium> open_medium(const std::filesystem::path& path);

}  // namespace ociferry
