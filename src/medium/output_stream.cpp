#include "medium/output_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/stop.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr int kWrittenPipeBytes = 1024 * 1024;
constexpr int kWaitForReaderMs = 100;

/// The pipe that `fd` writes to, as a description of its own: no other process shares its flags. Empty if `fd` is no
/// pipe, or cannot be opened again.
UniqueFd pipe_without_blocking(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) return {};
  static_cast<void>(::fcntl(fd, F_SETPIPE_SZ, kWrittenPipeBytes));  // a wish
  return UniqueFd(calls::open(text::cat("/proc/self/fd/", fd).c_str(), O_WRONLY | O_NONBLOCK));
}

Error failed_to_write(const std::string& name, std::uint64_t written, int why) {
  if (why == EBADF) {
    return system_error(text::cat("writing ", name), why)
        .hint(text::cat(name, " is closed (>&-): give it a file or a pipe"));
  }
  if (why != EPIPE) return system_error(text::cat("writing ", name, " behind byte ", written), why);
  return Error(ErrorCode::Io, text::cat(name, ": the reader has ended after ", written, " bytes"))
      .hint("look at what the program behind the pipe says; what it got is no whole archive");
}

}  // namespace

OutputStream::OutputStream(int fd, std::string name, std::size_t record, std::stop_token stop)
    : fd_(fd), name_(std::move(name)), record_(record), stop_(std::move(stop)), own_(pipe_without_blocking(fd)) {
  begun_.reserve(record_);
}

void OutputStream::write(Bytes bytes) {
  if (record_ == 0) return put(bytes);
  while (!bytes.empty()) {
    if (begun_.empty() && bytes.size() >= record_) {
      put(bytes.first(record_));
      bytes = bytes.subspan(record_);
      continue;
    }
    const std::size_t count = std::min(record_ - begun_.size(), bytes.size());
    begun_.insert(begun_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (begun_.size() < record_) return;
    put(begun_);
    begun_.clear();
  }
}

void OutputStream::finish() {
  if (begun_.empty()) return;
  begun_.resize(record_);
  put(begun_);
  begun_.clear();
}

void OutputStream::put(Bytes bytes) {
  while (!bytes.empty()) {
    throw_if_stopped(stop_);
    const auto done = calls::write(target(), bytes.data(), bytes.size());
    if (done >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(done));
      written_ += static_cast<std::uint64_t>(done);
    } else if (errno == EAGAIN) {
      wait();
    } else if (errno != EINTR) {
      throw failed_to_write(name_, written_, errno);
    }
  }
}

/// Until the reader has made room, or a stop is requested.
void OutputStream::wait() const {
  pollfd waiting{target(), POLLOUT, 0};
  static_cast<void>(::poll(&waiting, 1, kWaitForReaderMs));
}

}  // namespace ociferry
