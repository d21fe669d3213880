// launch REPORT PROGRAM [ARGUMENT...]: runs the program and writes to the file REPORT what it took, as one JSON object.
//
// A small process of its own, because the kernel counts towards a program's peak memory what the process that started
// it had, and because the interpreter of the scripts around takes longer to notice an end than some programs run.

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// What the kernel counts for a process and its ended children; -1 where it may not be read.
struct IoCounters {
  long long rchar = -1;
  long long wchar = -1;
  long long write_bytes = -1;
};

IoCounters read_counters(std::istream& in) {
  IoCounters counters;
  std::string key;
  for (long long value = 0; in >> key >> value;) {
    if (key == "rchar:") counters.rchar = value;
    if (key == "wchar:") counters.wchar = value;
    if (key == "write_bytes:") counters.write_bytes = value;
  }
  return counters;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::FILE* report = std::fopen(argv[1], "we");
  if (report == nullptr) return 2;
  const auto begin = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (const int error = ::posix_spawnp(&child, argv[2], nullptr, nullptr, argv + 2, environ); error != 0) {
    errno = error;
    std::perror(argv[2]);
    return 127;
  }
  // Opened while it runs: of what has ended only root may open it, but all may go on reading.
  std::ifstream io("/proc/" + std::to_string(child) + "/io");
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) < 0) {
    if (errno != EINTR) return 2;
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  const IoCounters counters = read_counters(io);
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) < 0) return 2;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::fprintf(report,
               "{\"status\": %d, \"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, \"peak_kib\": %ld, "
               "\"wchar\": %lld, \"rchar\": %lld, \"write_bytes\": %lld}\n",
               code, wall.count(), seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss, counters.wchar,
               counters.rchar, counters.write_bytes);
  return std::fclose(report) == 0 ? code : 2;
}
