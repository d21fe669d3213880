#pragma once

#include "ociferry/progress.hpp"

namespace ociferry {

/// Forwards every call to another Progress. Derive from it to change some of them.
class ForwardingProgress : public Progress {
 public:
  /// `to` must outlive it.
  explicit ForwardingProgress(Progress& to) : to_(to) {}

  void phase(std::string_view name, std::uint64_t total_bytes) override { to_.phase(name, total_bytes); }
  void advance(std::int64_t bytes) override { to_.advance(bytes); }
  void skip(std::int64_t bytes) override { to_.skip(bytes); }
  void wait(const Wait& wait) override { to_.wait(wait); }
  void event(std::string_view line) override { to_.event(line); }
  void warn(std::string_view line) override { to_.warn(line); }
  void notice(std::string_view lines) override { to_.notice(lines); }
  void moved(const MovedTag& tag) override { to_.moved(tag); }
  void debug(std::string_view line) override { to_.debug(line); }

 protected:
  [[nodiscard]] Progress& to() const noexcept { return to_; }

 private:
  Progress& to_;
};

}  // namespace ociferry
