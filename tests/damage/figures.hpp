#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace ociferry::testing {

/// How often something was judged, by kinds, and how often the judgement was bad: for the last line of long runs.
class Counts {
 public:
  void add(const std::string& what, bool failure) {
    ++judged_[what];
    failed_ += failure ? 1 : 0;
  }
  [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }
  /// "cut 12, flip 11"
  [[nodiscard]] std::string text() const {
    std::vector<std::string> parts;
    for (const auto& [what, number] : judged_) parts.push_back(ociferry::text::cat(what, " ", number));
    return ociferry::text::join(parts, ", ");
  }

 private:
  std::map<std::string, std::uint64_t> judged_;
  std::uint64_t failed_ = 0;
};

/// Seconds since it was made.
class Watch {
 public:
  [[nodiscard]] std::int64_t seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun_).count();
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace ociferry::testing
