#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

// resource_use FILE PROGRAM [ARGUMENT...]: runs the program and ends as it did. The file gets two lines: the largest
// resident set it had, in KiB, and the bytes that its calls wrote to files and pipes. A process of its own, because the
// kernel counts towards a program's peak what the process that started it had, and a test may have had much.

namespace {

/// What /proc says of a child that has ended but is not waited for yet; -1 if it says nothing.
long long written_by(pid_t child) {
  std::ifstream file("/proc/" + std::to_string(child) + "/io");
  for (std::string name; file >> name;) {
    long long value = -1;
    file >> value;
    if (name == "wchar:") return value;
  }
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  pid_t child = 0;
  if (::posix_spawnp(&child, argv[2], nullptr, nullptr, argv + 2, environ) != 0) return 127;
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) return 2;
  }
  const long long written = written_by(child);
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) < 0) return 2;
  std::ofstream file(argv[1]);
  file << usage.ru_maxrss << '\n' << written << '\n';
  if (!file.flush()) return 2;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
