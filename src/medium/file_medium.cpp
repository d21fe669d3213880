#include "medium/file_medium.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

FileMedium::FileMedium(std::string name, UniqueFd fd)
    : name_(std::move(name)), fd_(std::move(fd)), size_(file_size(fd_.get(), name_)), hints_(fd_.get(), size_) {}

std::size_t FileMedium::read_at(std::uint64_t offset, MutableBytes buffer) const {
  return pread_full(fd_.get(), buffer, offset, name_);
}

void FileMedium::done_with(std::uint64_t offset, std::uint64_t size) const noexcept { hints_.has_read(offset, size); }

std::optional<OpenedFile> open_regular_file(const std::filesystem::path& given) {
  const std::filesystem::path path = given == "-" ? "/dev/stdin" : given;
  struct stat status {};
  // Opening a pipe to look at it, and closing it, breaks it for its writer.
  if (::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) return std::nullopt;
  UniqueFd fd = open_file(path, O_RDONLY | O_NONBLOCK);  // a pipe that was made just now would block without a writer
  if (::fstat(fd.get(), &status) != 0) throw system_error(text::cat("looking at ", path.string()), errno);
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return OpenedFile{path.string(), std::move(fd)};
}

std::unique_ptr<Medium> open_medium(const std::filesystem::path& path) {
  auto opened = open_regular_file(path);
  if (!opened) return nullptr;
  return std::make_unique<FileMedium>(std::move(opened->name), std::move(opened->fd));
}

}  // namespace ociferry
