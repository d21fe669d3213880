#include "cli/manual.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/fd.hpp"

namespace ociferry {

namespace {

/// What a program that is started expects: Signals blocks and ignores some.
void restore_signals() {
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGUSR2}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

/// Starts `man -w PAGE`, which prints where the page is, into `out`. Returns its process id, 0 if that fails.
pid_t start_search(std::string page, int out) {
  std::string name = "man";
  std::string option = "-w";
  const std::array<char*, 4> arguments{name.data(), option.data(), page.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, name.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : 0;
}

/// All that is written into a pipe until its writers close it.
std::string read_all(int pipe) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// Whether `man` finds the page. Its status alone says too little: where a distribution leaves manuals out, a program
/// of that name may print how to get them, and succeed.
bool is_installed(const std::string& page) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t pid = start_search(page, writing.get());
  writing = UniqueFd();
  if (pid == 0) return false;
  const std::string found = read_all(reading.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  std::error_code unknown;
  const std::filesystem::path path = found.substr(0, found.find('\n'));
  return status == 0 && path.is_absolute() && std::filesystem::exists(path, unknown);
}

}  // namespace

void show_manual_page(std::string page) {
  restore_signals();
  if (!is_installed(page)) return;
  std::string name = "man";
  const std::array<char*, 3> arguments{name.data(), page.data(), nullptr};
  ::execvp(name.c_str(), arguments.data());
}

}  // namespace ociferry
