#include "support/process.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

namespace {

// A file without a name holds what goes in and out: no pipe that fills up, no thread that empties it.
UniqueFd memory_file(const char* name) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) throw system_error("memfd_create", errno);
  return file;
}

std::string content_of(const UniqueFd& file) {
  std::string content(file_size(file.get(), "output"), '\0');
  content.resize(pread_full(file.get(), std::as_writable_bytes(std::span(content)), 0, "output"));
  return content;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_lines(const Variables& environment) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : environment) lines.push_back(text::cat(name, "=", value));
  return lines;
}

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  void redirect(const UniqueFd& from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from.get(), to); }
  void change_directory(const std::string& path) { ::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// The program starts with the signals' defaults, whatever this process ignores or blocks.
class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigaddset(&signals, SIGPIPE);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

}  // namespace

Process::Process(const Program& program)
    : name_(program.arguments.at(0)), out_(memory_file("stdout")), err_(memory_file("stderr")) {
  const UniqueFd in = memory_file("stdin");
  pwrite_full(in.get(), as_bytes(program.input), 0, "stdin");
  FileActions actions;
  actions.redirect(in, STDIN_FILENO);
  actions.redirect(out_, STDOUT_FILENO);
  actions.redirect(err_, STDERR_FILENO);
  if (!program.directory.empty()) actions.change_directory(program.directory.string());

  std::vector<std::string> arguments = program.arguments;
  std::vector<std::string> lines = environment_lines(program.environment.value_or(Variables{}));
  std::vector<char*> line_pointers = pointers_to(lines);
  char** environment = program.environment ? line_pointers.data() : environ;
  const Attributes attributes;
  const int failure =
      ::posix_spawnp(&pid_, name_.c_str(), actions.get(), attributes.get(), pointers_to(arguments).data(), environment);
  if (failure != 0) throw system_error(text::cat("starting ", name_), failure);
  pid_fd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Process::~Process() {
  if (pid_ < 0 || status_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::ended_within(std::chrono::milliseconds patience) {
  if (status_) return true;
  pollfd end{pid_fd_.get(), POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    ready = ::poll(&end, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) throw system_error(text::cat("waiting for ", name_), errno);
  if (ready == 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) throw system_error(text::cat("waiting for ", name_), errno);
  status_ = status;
  return true;
}

bool Process::running() { return !ended_within(std::chrono::milliseconds{0}); }

void Process::send_signal(int number) {
  if (running() && ::kill(pid_, number) != 0) throw system_error(text::cat("sending a signal to ", name_), errno);
}

std::string Process::out() const { return content_of(out_); }
std::string Process::err() const { return content_of(err_); }

Outcome Process::wait(std::chrono::milliseconds patience) {
  if (!ended_within(patience)) {
    send_signal(SIGKILL);
    ended_within(kPatience);
    throw Error(ErrorCode::Internal,
                text::cat(name_, " had not ended after ", patience.count(), " ms; it wrote:\n", out(), err()));
  }
  Outcome outcome;
  if (WIFEXITED(*status_)) outcome.exit_code = WEXITSTATUS(*status_);
  if (WIFSIGNALED(*status_)) outcome.signal = WTERMSIG(*status_);
  outcome.out = out();
  outcome.err = err();
  return outcome;
}

Outcome run(const Program& program) { return Process(program).wait(); }

std::string run_or_throw(const Program& program) {
  const Outcome outcome = run(program);
  if (outcome.exit_code == 0) return outcome.out;
  throw Error(ErrorCode::Internal, text::cat("`", text::join(program.arguments, " "), "` ended with ",
                                             outcome.exit_code, ":\n", outcome.out, outcome.err));
}

bool has_program(const std::string& program) {
  const char* path = std::getenv("PATH");
  const std::vector<std::string> folders = text::split(path == nullptr ? "/usr/bin:/bin" : path, ':');
  return std::ranges::any_of(
      folders, [&](const std::string& folder) { return ::access(text::cat(folder, "/", program).c_str(), X_OK) == 0; });
}

bool lacks(const Words& programs) {
  const auto missing = std::ranges::find_if_not(programs, has_program);
  if (missing == programs.end()) return false;
  const char* required = std::getenv("OCIFERRY_REQUIRE_COMPONENTS");
  if (required != nullptr && std::string_view(required) == "1") {
    FAIL_CHECK("a program is missing: ", *missing);
  } else {
    std::cout << "SKIPPED: this needs " << *missing << std::endl;
  }
  return true;
}

}  // namespace ociferry::testing
