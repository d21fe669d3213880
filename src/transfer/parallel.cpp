#include "transfer/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "ociferry/error.hpp"

namespace ociferry {

namespace {

bool is_echo_of_stopping(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code() == ErrorCode::Interrupted;
  } catch (...) {
    return false;
  }
}

}  // namespace

std::vector<std::exception_ptr> run_parallel(std::size_t jobs, std::size_t count, OnFailure on_failure,
                                             std::stop_token stop, const Task& task) {
  std::vector<std::exception_ptr> failures(count);
  std::atomic<std::size_t> next{0};
  std::stop_source inner;
  const std::stop_callback forward(stop, [&inner] { inner.request_stop(); });

  const auto work = [&] {
    while (!inner.stop_requested()) {
      const std::size_t index = next.fetch_add(1);
      if (index >= count) return;
      try {
        task(index, inner.get_token());
      } catch (...) {
        failures[index] = std::current_exception();
        if (on_failure == OnFailure::Stop) inner.request_stop();
      }
    }
  };

  {
    std::vector<std::jthread> workers;
    const std::size_t extra = std::min(std::max<std::size_t>(jobs, 1), count);
    for (std::size_t i = 1; i < extra; ++i) workers.emplace_back(work);
    work();
  }
  if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
  return failures;
}

void run_parallel_or_throw(std::size_t jobs, std::size_t count, std::stop_token stop, const Task& task) {
  const auto failures = run_parallel(jobs, count, OnFailure::Stop, std::move(stop), task);
  std::exception_ptr echo;
  for (const auto& failure : failures) {
    if (!failure) continue;
    if (!is_echo_of_stopping(failure)) std::rethrow_exception(failure);
    echo = failure;
  }
  if (echo) std::rethrow_exception(echo);
}

}  // namespace ociferry
