#include "medium/input_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/stop.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr int kPipeBytes = 1024 * 1024;
constexpr int kLookForStopMs = 100;

/// A pipe is opened at once, also without a writer: `read` waits, and a stop request ends that.
UniqueFd open_input(const std::filesystem::path& path, mode_t type) {
  if (!is_standard_input(path)) return open_file(path, type == S_IFIFO ? O_RDONLY | O_NONBLOCK : O_RDONLY);
  UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!fd) throw system_error(text::cat("reading ", kStandardInput), errno);
  return fd;
}

/// Its type; 0 if that cannot be determined: opening it reports why.
mode_t type_of(const std::filesystem::path& path) {
  struct stat status {};
  const int found = is_standard_input(path) ? ::fstat(STDIN_FILENO, &status) : ::stat(path.c_str(), &status);
  return found == 0 ? status.st_mode & S_IFMT : 0;
}

}  // namespace

bool is_standard_input(const std::filesystem::path& path) {
  return path == "-" || path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0";
}

std::unique_ptr<StreamMedium> open_input_stream(const std::filesystem::path& path, const std::stop_token& stop) {
  const mode_t type = type_of(path);
  if (type != S_IFIFO && type != S_IFCHR && type != S_IFSOCK) return nullptr;
  std::string name = is_standard_input(path) ? kStandardInput : path.string();
  UniqueFd fd = open_input(path, type);
  if (::isatty(fd.get()) == 1) {
    throw Error(ErrorCode::Usage, text::cat(name, " is a terminal, not an archive"))
        .hint("pipe one in, as in: ssh host cat bundle.tar | ociferry import - --to-repo ...");
  }
  auto bytes = std::make_unique<InputStream>(std::move(fd), name, stop);
  return std::make_unique<StreamMedium>(std::move(name), std::move(bytes));
}

InputStream::InputStream(UniqueFd fd, std::string name, std::stop_token stop)
    : fd_(std::move(fd)), name_(std::move(name)), stop_(std::move(stop)) {
  static_cast<void>(::fcntl(fd_.get(), F_SETPIPE_SZ, kPipeBytes));  // a wish
}

std::size_t InputStream::read(MutableBytes buffer) {
  if (buffer.empty()) return 0;
  for (;;) {
    pollfd waiting{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kLookForStopMs);
    throw_if_stopped(stop_);
    if (ready <= 0) continue;
    const auto got = calls::read(fd_.get(), buffer.data(), buffer.size());
    if (got >= 0) {
      read_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    const int why = errno;
    Error error = system_error(text::cat("reading ", name_, " behind byte ", read_), why);
    if (why == EBADF) error.hint(text::cat(name_, " is closed (<&-): give it a file or a pipe"));
    throw error;
  }
}

}  // namespace ociferry
