#include "credentials/credential_helper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/fd.hpp"
#include "base/sandbox.hpp"
#include "base/stop.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "credentials/limits.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// The result of a finished program.
struct Outcome {
  std::string output;
  int status = 0;
};

/// The process group of a helper.
enum class Group {
  Own,   ///< to kill it together with what it starts
  Ours,  ///< the terminal's foreground group, which is required for reading from it
};

Group group_for_helpers() {
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  return terminal && ::tcgetpgrp(terminal.get()) == ::getpgrp() ? Group::Ours : Group::Own;
}

/// A running program, killed in the destructor, with its group if that is its own.
class Child {
 public:
  Child(pid_t pid, Group group) : pid_(pid), group_(group) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(group_ == Group::Own ? -pid_ : pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  /// Its status if it has ended. Programs that it left running, such as a key agent, are not killed then.
  /// Throws Error{Io} if that cannot be known, as when SIGCHLD is ignored.
  std::optional<int> ended() {
    int status = 0;
    const pid_t waited = ::waitpid(pid_, &status, WNOHANG);
    if (waited == 0 || (waited < 0 && errno == EINTR)) return std::nullopt;
    pid_ = 0;  // it has ended, and its number may be reused
    if (waited < 0) throw system_error("waiting for a credential helper", errno);
    return status;
  }

 private:
  pid_t pid_;
  Group group_;
};

class SpawnActions {
 public:
  explicit SpawnActions(Group group) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // The child starts with no signal blocked, whatever this thread blocks.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);  // effective only with its flag
    const int flags = POSIX_SPAWN_SETSIGMASK | (group == Group::Own ? POSIX_SPAWN_SETPGROUP : 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  pid_t spawn(const std::string& program, std::string verb, int in_and_out) {
    posix_spawn_file_actions_adddup2(&actions_, in_and_out, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, in_and_out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string name = program;
    const std::array<char*, 3> arguments{name.data(), verb.data(), nullptr};
    pid_t pid = 0;
    const int failed = ::posix_spawnp(&pid, program.c_str(), &actions_, &attributes_, arguments.data(), environ);
    // One inaccessible directory in the PATH is enough for EACCES.
    if (failed == ENOENT || failed == EACCES) throw helper_missing(program);
    if (failed == EAGAIN) throw no_more_threads(text::cat("starting ", program));
    if (failed != 0) {
      throw Error(ErrorCode::Unauthorized, system_error(text::cat("starting ", program), failed).message())
          .hint("the registry configuration names this credential helper; repair it, or use --registry-anon");
    }
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// The remaining time of a helper. Waits are divided into short ones, to notice a stop.
class Deadline {
 public:
  Deadline(std::string program, std::chrono::milliseconds patience, const std::stop_token& stop)
      : program_(std::move(program)), patience_(patience), stop_(stop) {}

  /// Milliseconds to wait for next. Throws Error{Unauthorized} when time is up, Error{Interrupted} when stopped.
  [[nodiscard]] int next_wait(int longest) const {
    throw_if_stopped(stop_);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(begun_ + patience_ - SteadyClock::now()).count();
    if (left > 0) return static_cast<int>(std::min<std::int64_t>(left, longest));
    throw Error(ErrorCode::Unauthorized,
                text::cat(program_, " did not answer within ", patience_.count() / 1000, " seconds"))
        .hint("it may wait for an answer or an unlocked key store: run it yourself, or use --registry-anon");
  }

 private:
  std::string program_;
  std::chrono::milliseconds patience_;
  const std::stop_token& stop_;
  SteadyClock::time_point begun_ = SteadyClock::now();
};

std::string read_until_end(int fd, const std::string& program, const Deadline& deadline) {
  std::string output;
  for (;;) {
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, deadline.next_wait(100)) <= 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != ECONNRESET) throw system_error(text::cat("reading from ", program), errno);
    if (got <= 0) return output;
    output.append(buffer.data(), static_cast<std::size_t>(got));
    if (output.size() > limits::kTokenBytes) {
      throw Error(ErrorCode::Hostile, text::cat(program, " writes more than a credential"));
    }
  }
}

/// Runs `program verb` with `input` on its standard input.
Outcome run(const std::string& program, const std::string& verb, const std::string& input, const Deadline& deadline) {
  // A socket instead of pipes, to write without SIGPIPE.
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw system_error("socketpair", errno);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const Group group = group_for_helpers();
  pid_t pid = 0;
  with_all_privileges([&] { pid = SpawnActions(group).spawn(program, verb, theirs.get()); });
  Child child(pid, group);
  theirs = UniqueFd();
  // Server names and passwords fit into a socket's buffer. A helper that does not read them reports an error.
  static_cast<void>(::send(ours.get(), input.data(), input.size(), MSG_NOSIGNAL));
  ::shutdown(ours.get(), SHUT_WR);
  Outcome outcome;
  outcome.output = read_until_end(ours.get(), program, deadline);
  for (;;) {
    // A helper that closed its output usually ends soon.
    if (const auto status = child.ended()) {
      outcome.status = *status;
      return outcome;
    }
    ::poll(nullptr, 0, deadline.next_wait(5));
  }
}

/// Json::parse's own message may show a part of the secret.
Json parse_quietly(std::string_view output, const std::string& program) {
  try {
    return Json::parse(output, program);
  } catch (const Error&) {
    throw Error(ErrorCode::Unauthorized, text::cat(program, " answered with something that is not JSON"));
  }
}

bool is_helper_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace

Error helper_missing(const std::string& program) {
  return Error(ErrorCode::Unauthorized, text::cat("there is no program ", program, " in the PATH that may be run"))
      .hint("the registry configuration names this credential helper; install it, or use --registry-anon")
      .because(ErrorReason::HelperMissing);
}

namespace {

std::string program_called(const std::string& name) {
  if (is_helper_name(name)) return "docker-credential-" + name;
  throw Error(ErrorCode::Usage, text::cat("'", name, "' is not the name of a credential helper"));
}

/// The error of a helper that failed. Its output may contain a secret and is not shown.
Error refused(const std::string& program, std::string_view what, const std::string& server) {
  return Error(ErrorCode::Unauthorized, text::cat(program, " could not ", what, " the credentials for ", server))
      .transient()
      .hint(text::cat("its key store may be locked, or in use; run `", program, " list` to see why"));
}

}  // namespace

void CredentialHelper::store(const std::string& name, const std::string& server, const Credential& credential) const {
  const std::string program = program_called(name);
  const Json entry =
      Json::Object{{"ServerURL", server}, {"Username", credential.username}, {"Secret", credential.password}};
  const Outcome outcome = run(program, "store", entry.dump(), Deadline(program, patience_, stop_));
  if (outcome.status != 0) throw refused(program, "keep", server);
}

void CredentialHelper::erase(const std::string& name, const std::string& server) const {
  const std::string program = program_called(name);
  const Outcome outcome = run(program, "erase", server, Deadline(program, patience_, stop_));
  if (outcome.status != 0) throw refused(program, "forget", server);
}

std::optional<Credential> CredentialHelper::operator()(const std::string& name, const std::string& server) const {
  const std::string program = program_called(name);
  const Outcome outcome = run(program, "get", server + "\n", Deadline(program, patience_, stop_));
  if (outcome.status != 0) {
    if (text::lower(outcome.output).find("credentials not found") != std::string::npos) return std::nullopt;
    // Its output may contain a secret and is not shown.
    throw Error(ErrorCode::Unauthorized, text::cat(program, " could not give the credentials for ", server))
        .transient()
        .hint(text::cat("run `echo ", server, " | ", program, " get` to see why, or use --registry-anon"));
  }
  return parse_helper_answer(outcome.output, program);
}

std::optional<Credential> parse_helper_answer(std::string_view output, const std::string& program) {
  const Json answer = parse_quietly(output, program);
  Credential credential{answer.string_at("Username"), answer.string_at("Secret")};
  if (credential.username == "<token>") credential = {.identity_token = credential.password};
  if (credential.is_anonymous()) return std::nullopt;
  return credential;
}

}  // namespace ociferry
