#pragma once

#include <exception>
#include <functional>
#include <thread>

#include "base/threads.hpp"

namespace ociferry {

/// Does both, the first on another thread if the system has one. Blocks until both have ended. Throws what the first
/// throws, else what the second throws.
inline void do_both(const std::function<void()>& first, const std::function<void()>& second) {
  const auto failure_of = [](const std::function<void()>& work) -> std::exception_ptr {
    try {
      work();
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  };
  std::exception_ptr failure;
  std::jthread other = start_thread([&] { failure = failure_of(first); });
  if (!other.joinable()) failure = failure_of(first);
  const std::exception_ptr failure_here = failure_of(second);
  if (other.joinable()) other.join();
  if (failure) std::rethrow_exception(failure);
  if (failure_here) std::rethrow_exception(failure_here);
}

}  // namespace ociferry
