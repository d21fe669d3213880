#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/sync_time.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) static_cast<void>(calls::close(fd_));
}

void UniqueFd::close(const std::string& name) {
  const int fd = std::exchange(fd_, -1);
  // Even after EINTR, the descriptor is closed.
  if (fd >= 0 && calls::close(fd) != 0 && errno != EINTR) throw system_error(text::cat("closing ", name), errno);
}

UniqueFd open_file(const fs::path& path, int flags, unsigned mode) {
  while (true) {
    const int fd = calls::open(path.c_str(), flags, mode);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) throw system_error(text::cat("opening ", path.string()), errno);
  }
}

std::size_t pread_full(int fd, MutableBytes buffer, std::uint64_t offset, const std::string& name) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const auto got = calls::pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
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
    const auto put = calls::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put >= 0) {
      done += static_cast<std::size_t>(put);
    } else if (errno != EINTR) {
      throw system_error(text::cat("writing ", name, " at offset ", offset + done), errno);
    }
  }
}

void write_full(int fd, Bytes bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto put = calls::write(fd, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (errno != EINTR) {
      const int why = errno;
      const off_t offset = ::lseek(fd, 0, SEEK_CUR);
      throw system_error(offset < 0 ? text::cat("writing ", name) : text::cat("writing ", name, " at offset ", offset),
                         why);
    }
  }
}

void fsync_fd(int fd, const std::string& name) {
  const SyncTimer timer;
  // Never retried after another failure: the kernel reports lost writes only once.
  while (calls::fsync(fd) != 0) {
    if (errno != EINTR) throw system_error(text::cat("syncing ", name), errno);
  }
}

void fsync_directory(const fs::path& directory) {
  const fs::path named = fs::absolute(directory.empty() ? fs::path(".") : directory);
  const UniqueFd fd = open_file(named, O_RDONLY | O_DIRECTORY);
  const SyncTimer timer;
  while (calls::fsync(fd.get()) != 0) {
    // Some file systems cannot sync directories and return EINVAL.
    if (errno == EINVAL) return;
    if (errno != EINTR) throw system_error(text::cat("syncing the directory ", named.string()), errno);
  }
}

void sync_file_system(int fd, const std::string& name) {
  const SyncTimer timer;
  while (calls::syncfs(fd) != 0) {
    if (errno != EINTR) throw system_error(text::cat("syncing ", name), errno);
  }
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (calls::rename(from.c_str(), to.c_str()) != 0) {
    throw system_error(text::cat("renaming ", from.string(), " to ", to.string()), errno);
  }
}

void make_directory(const fs::path& path) {
  if (calls::mkdirat(AT_FDCWD, path.c_str(), 0777) != 0) {
    throw system_error(text::cat("creating directory ", path.string()), errno);
  }
}

bool make_directory_if_absent(const fs::path& path) {
  if (calls::mkdirat(AT_FDCWD, path.c_str(), 0777) == 0) return true;
  const int failure = errno;
  std::error_code unknown;
  if (failure == EEXIST && fs::is_directory(path, unknown)) return false;
  throw system_error(text::cat("creating directory ", path.string()), failure);
}

std::uint64_t file_size(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw system_error(text::cat("getting the size of ", name), errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  std::string content;
  std::string chunk(64 * 1024, '\0');
  while (true) {
    const auto got = calls::read(fd.get(), chunk.data(), chunk.size());
    if (got == 0) return content;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw system_error(text::cat("reading ", path.string(), " at offset ", content.size()), errno);
    }
    content.append(chunk, 0, static_cast<std::size_t>(got));
    if (content.size() > limit) {
      throw Error(ErrorCode::Hostile, text::cat(path.string(), " is larger than ", limit, " bytes"));
    }
  }
}

}  // namespace ociferry
