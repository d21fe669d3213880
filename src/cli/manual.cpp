#include "cli/manual.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ociferry {

namespace {

/// What a program that is started expects: Signals blocks and ignores some.
void restore_signals() {
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGUSR2}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

/// The exit status of `man -w PAGE`, which prints where the page is; -1 if there is no such program.
int status_of_search(std::string page) {
  std::string name = "man";
  std::string option = "-w";
  const std::array<char*, 4> arguments{name.data(), option.data(), page.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, name.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return -1;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

void show_manual_page(std::string page) {
  restore_signals();
  if (status_of_search(page) != 0) return;
  std::string name = "man";
  const std::array<char*, 3> arguments{name.data(), page.data(), nullptr};
  ::execvp(name.c_str(), arguments.data());
}

}  // namespace ociferry
