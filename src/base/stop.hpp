#pragma once

#include <functional>
#include <stop_token>

namespace ociferry {

/// Throws Error{Interrupted} if `stop` is requested.
void throw_if_stopped(const std::stop_token& stop);

/// A stop token that is requested when either of two others is. Must outlive the users of its token.
class AnyStop {
 public:
  AnyStop(const std::stop_token& first, const std::stop_token& second)
      : first_(first, [this] { both_.request_stop(); }), second_(second, [this] { both_.request_stop(); }) {}
  AnyStop(const AnyStop&) = delete;
  AnyStop& operator=(const AnyStop&) = delete;

  [[nodiscard]] std::stop_token token() const { return both_.get_token(); }

 private:
  std::stop_source both_;
  std::stop_callback<std::function<void()>> first_;
  std::stop_callback<std::function<void()>> second_;
};

}  // namespace ociferry
