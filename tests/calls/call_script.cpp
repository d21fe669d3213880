#include "call_script.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace ociferry::testing {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

std::string link_target(int fd) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

/// The whole path of what a call names, through a descriptor, or through a directory and a path from there.
std::string whole_path(int fd, const char* path) {
  if (path != nullptr && path[0] == '/') return path;
  if (fd < 0 && fd != AT_FDCWD) return "-";
  const std::string base = fd == AT_FDCWD ? "." : link_target(fd);
  return path == nullptr ? base : base + "/" + path;
}

}  // namespace

CallFault parse_call_fault(const std::string& text) {
  const auto first = text.find(':');
  const auto second = text.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) throw std::runtime_error("not a fault: " + text);
  CallFault fault{.what = text.substr(second + 1)};
  std::string number = text.substr(first + 1, second - first - 1);
  fault.and_later = number.ends_with('+');
  fault.number = std::stoul(number);
  const std::string kind = text.substr(0, first);
  if (kind == "any") return fault;
  const auto name = std::ranges::find(kKindNames, kind);
  if (name == kKindNames.end()) throw std::runtime_error("not a kind of call: " + kind);
  fault.kind = static_cast<calls::Kind>(name - kKindNames.begin());
  return fault;
}

CallScript::CallScript() : hit_file_(variable("OCIFERRY_CALLS_HIT")) {
  if (const std::string fault = variable("OCIFERRY_CALLS_FAULT"); !fault.empty()) fault_ = parse_call_fault(fault);
  logs_data_ = !variable("OCIFERRY_CALLS_DATA").empty();
  const std::string log = variable("OCIFERRY_CALLS_LOG");
  if (log.empty()) return;
  log_ = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_ < 0) throw std::runtime_error("cannot write " + log);
}

/// Counts the call. Standard error always works, or nobody could see what a run says of its fault.
bool CallScript::is_meant(const calls::Call& call) noexcept {
  if (!fault_ || call.fd == STDERR_FILENO || (fault_->kind && *fault_->kind != call.kind)) return false;
  const std::lock_guard lock(mutex_);
  ++seen_;
  return seen_ == fault_->number || (fault_->and_later && seen_ > fault_->number);
}

void CallScript::tell_of_hit() const noexcept {
  if (hit_file_.empty()) return;
  const int fd = ::open(hit_file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

calls::Verdict CallScript::before(const calls::Call& call) noexcept {
  if (!is_meant(call)) return {};
  tell_of_hit();
  const bool moves_bytes = call.kind == calls::Kind::Write || call.kind == calls::Kind::Read;
  const std::size_t half = std::max<std::size_t>(1, static_cast<std::size_t>(call.size / 2));
  if (fault_->what == "short") return moves_bytes ? calls::Verdict{.at_most = half} : calls::Verdict{};
  if (fault_->what == "torn" && call.kind == calls::Kind::Write) {
    // pwrite leaves the file's position alone, so that is where a write goes.
    if (::lseek(call.fd, 0, SEEK_CUR) != 0 || call.offset == 0) {
      static_cast<void>(::write(call.fd, call.data, half) < 0);
    } else {
      static_cast<void>(::pwrite(call.fd, call.data, half, static_cast<off_t>(call.offset)) < 0);
    }
    die();
  }
  if (fault_->what == "stop") {
    ::kill(::getpid(), SIGSTOP);
    return {};
  }
  if (fault_->what == "kill" || fault_->what == "torn") die();
  return {.failure = std::atoi(fault_->what.c_str())};
}

void CallScript::after(const calls::Call& call, std::int64_t result) noexcept {
  if (log_ >= 0) log(call, result);
}

void CallScript::log(const calls::Call& call, std::int64_t result) noexcept {
  const bool opened = call.kind == calls::Kind::Open && result >= 0;
  std::string line = kKindNames[static_cast<std::size_t>(call.kind)];
  line += '\t' + (opened ? link_target(static_cast<int>(result)) : whole_path(call.fd, call.path));
  line += '\t' + (call.to == nullptr ? "-" : whole_path(call.to_fd, call.to));
  line += '\t' + std::to_string(call.flags) + '\t' + std::to_string(call.offset) + '\t' + std::to_string(call.size);
  line += '\t' + std::to_string(result) + '\n';
  if (logs_data_ && call.kind == calls::Kind::Write && result > 0) {
    line.append(static_cast<const char*>(call.data), static_cast<std::size_t>(result));
  }
  const std::lock_guard lock(mutex_);
  static_cast<void>(::write(log_, line.data(), line.size()) < 0);
}

}  // namespace ociferry::testing
