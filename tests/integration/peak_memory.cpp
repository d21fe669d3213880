#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>

// peak_memory FILE PROGRAM [ARGUMENT...]: runs the program, writes the largest resident set it had, in KiB, to the
// file and ends as it did. A process of its own, because the kernel counts towards a program's peak what the process
// that started it had, and a test may have had much.

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  pid_t child = 0;
  if (::posix_spawnp(&child, argv[2], nullptr, nullptr, argv + 2, environ) != 0) return 127;
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) return 2;
  }
  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) return 2;
  const bool written = std::fprintf(file, "%ld\n", usage.ru_maxrss) > 0;
  if (std::fclose(file) != 0 || !written) return 2;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
