#include "gate.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "support/process.hpp"

namespace ociferry::testing {

namespace {

constexpr std::chrono::milliseconds kPause{2};

}  // namespace

Gate::Gate(const std::string& server) : server_(server), listener_([this](int client) { connect_through(client); }) {}

Gate::~Gate() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  opened_.notify_all();
}

void Gate::hold_after(Way way, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  limited_ = true;
  limited_way_ = way;
  left_ = bytes;
}

bool Gate::is_holding() const {
  const std::lock_guard lock(mutex_);
  return holding_;
}

void Gate::open() {
  {
    const std::lock_guard lock(mutex_);
    holding_ = false;
    limited_ = false;
  }
  opened_.notify_all();
}

void Gate::connect_through(int client) {
  const UniqueFd server = connect_to(server_);
  if (!server) return;
  const std::array<int, 2> ends{client, server.get()};
  std::array<pollfd, 2> waiting{pollfd{ends[0], POLLIN, 0}, pollfd{ends[1], POLLIN, 0}};
  std::vector<char> buffer(64 * 1024);
  for (bool both_open = true; both_open;) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) break;
    for (std::size_t from = 0; from < ends.size() && both_open; ++from) {
      if (waiting[from].revents == 0) continue;
      const ssize_t got = ::recv(ends[from], buffer.data(), buffer.size(), 0);
      if (got > 0) pass(from == 0 ? Way::ToServer : Way::ToClient, static_cast<std::size_t>(got));
      both_open = got > 0 && send_all(ends[1 - from], {buffer.data(), static_cast<std::size_t>(got)});
    }
  }
}

void Gate::pass(Way way, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  if (limited_ && way == limited_way_) {
    holding_ = holding_ || left_ < bytes;
    left_ -= std::min<std::uint64_t>(left_, bytes);
  }
  opened_.wait(lock, [this] { return !holding_ || ending_; });
}

void await(const std::string& what, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorCode::Internal, text::cat("this did not come about: ", what));
    }
    std::this_thread::sleep_for(kPause);
  }
}

Reference by_way_of(const std::string& host, Reference reference) {
  reference.name.registry = host;
  return reference;
}

}  // namespace ociferry::testing
