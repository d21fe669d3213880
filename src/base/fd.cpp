#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

void UniqueFd::close(const std::string& name) {
  const int fd = std::exchange(fd_, -1);
  if (fd >= 0 && ::close(fd) != 0) throw system_error(text::cat("closing ", name), errno);
}

UniqueFd open_file(const fs::path& path, int flags, unsigned mode) {
  while (true) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) throw system_error(text::cat("opening ", path.string()), errno);
  }
}

std::size_t pread_full(int fd, MutableBytes buffer, std::uint64_t offset, const std::string& name) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const auto got = ::pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      throw system_error(text::cat("reading ", name, " at offset ", offset + done), errno);
    }
  }
  return done;
}

void pwrite_full(int fd, Bytes bytes, std::uint64_t offset, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto put = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put >= 0) {
      done += static_cast<std::size_t>(put);
    } else if (errno != EINTR) {
      throw system_error(text::cat("writing ", name, " at offset ", offset + done), errno);
    }
  }
}

void write_full(int fd, Bytes bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto put = ::write(fd, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (errno != EINTR) {
      throw system_error(text::cat("writing ", name), errno);
    }
  }
}

void fsync_fd(int fd, const std::string& name) {
  if (::fsync(fd) != 0) throw system_error(text::cat("syncing ", name), errno);
}

void fsync_directory(const fs::path& directory) {
  const fs::path named = directory.empty() ? fs::path(".") : directory;
  const UniqueFd fd = open_file(named, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync directories and say so with EINVAL; there is nothing more to be done there.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) throw system_error(text::cat("syncing ", named.string()), errno);
}

std::uint64_t file_size(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw system_error(text::cat("asking for the size of ", name), errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  std::string content;
  std::string chunk(64 * 1024, '\0');
  while (true) {
    const auto got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got == 0) return content;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw system_error(text::cat("reading ", path.string()), errno);
    }
    content.append(chunk, 0, static_cast<std::size_t>(got));
    if (content.size() > limit) {
      throw Error(ErrorCode::Hostile, text::cat(path.string(), " is larger than ", limit, " bytes"));
    }
  }
}

void write_file_atomically(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path parent = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  std::string temporary = (parent / text::cat(".", path.filename().string(), ".XXXXXX")).string();
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) throw system_error(text::cat("creating a file in ", parent.string()), errno);
  try {
    if (::fchmod(fd.get(), mode) != 0) throw system_error(text::cat("setting the mode of ", temporary), errno);
    write_full(fd.get(), as_bytes(content), path.string());
    fsync_fd(fd.get(), path.string());
    fd.close(path.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw system_error(text::cat("renaming to ", path.string()), errno);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  fsync_directory(parent);
}

TempDirectory::TempDirectory(const fs::path& parent, const std::string& prefix) {
  const fs::path where = parent.empty() ? fs::path(".") : parent;
  std::string name = (where / text::cat(".", prefix, "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw system_error(text::cat("creating a directory in ", where.string()), errno);
  }
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

UniqueFd anonymous_file(const fs::path& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return UniqueFd(fd);
  // Not every file system has O_TMPFILE: make a named one and take its name away at once.
  std::string name = (directory / ".ociferry-XXXXXX").string();
  UniqueFd named(::mkostemp(name.data(), O_CLOEXEC));
  if (!named) throw system_error(text::cat("creating a temporary file in ", directory.string()), errno);
  ::unlink(name.c_str());
  return named;
}

}  // namespace ociferry
