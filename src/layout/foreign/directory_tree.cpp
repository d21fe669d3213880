#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "layout/foreign/file_tree.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// A file's content from `offset` on; owns the file.
class OwningFileSource : public ByteSource {
 public:
  OwningFileSource(std::unique_ptr<Medium> file, std::uint64_t offset)
      : file_(std::move(file)), content_(*file_, offset, file_->size() - std::min(offset, file_->size())) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override { return content_.read(buffer); }

 private:
  std::unique_ptr<Medium> file_;
  MediumSource content_;
};

}  // namespace

std::string FileTree::read(const std::string& path, std::uint64_t limit) const {
  if (const std::uint64_t size = size_of(path).value_or(0); size > limit) {
    throw Error(ErrorCode::Hostile, text::cat(describe(path), " has ", size, " bytes; the limit is ", limit));
  }
  return read_all(*open(path, 0), limit);
}

DirectoryTree::DirectoryTree(const fs::path& path) : FileTree(path.string()), directory_(path) {
  // Opened only to fail early, with a clear message, if it cannot be read.
  static_cast<void>(open_file(path, O_RDONLY | O_DIRECTORY));
}

std::optional<std::uint64_t> DirectoryTree::size_of(const std::string& path) const {
  struct stat status {};
  if (::stat((directory_ / path).c_str(), &status) == 0) {
    return S_ISREG(status.st_mode) ? std::optional(static_cast<std::uint64_t>(status.st_size)) : std::nullopt;
  }
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw system_error(text::cat("looking at ", describe(path)), errno);
}

// Symbolic links are followed, since some tools build layouts of links; the content is verified by digest.
std::unique_ptr<ByteSource> DirectoryTree::open(const std::string& path, std::uint64_t offset) const {
  if (!size_of(path)) throw Error(ErrorCode::Incomplete, text::cat(describe(path), " is missing"));
  auto file = open_medium(directory_ / path);
  if (!file) throw Error(ErrorCode::Hostile, text::cat(describe(path), " is not a file"));
  return std::make_unique<OwningFileSource>(std::move(file), offset);
}

std::vector<std::string> DirectoryTree::folders() const {
  std::vector<std::string> names;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
      if (entry.is_directory()) names.push_back(entry.path().filename().string());
    }
  } catch (const fs::filesystem_error& error) {
    throw system_error(text::cat("listing ", name()), error.code().value());
  }
  std::ranges::sort(names);
  return names;
}

std::string DirectoryTree::describe(const std::string& path) const { return (directory_ / path).string(); }

std::uint64_t DirectoryTree::total_bytes() const {
  std::uint64_t total = 0;
  try {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory_)) {
      if (entry.is_regular_file()) total += entry.file_size();
    }
  } catch (const fs::filesystem_error& error) {
    throw system_error(text::cat("adding up the file sizes in ", name()), error.code().value());
  }
  return total;
}

}  // namespace ociferry
