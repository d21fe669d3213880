#pragma once

#include <memory>

#include "ociferry/progress.hpp"
#include "stream/stream.hpp"

namespace ociferry::compact {

/// Reports what is read, and remembers whether reading failed: the failure is then none of the content.
class WatchedSource : public ByteSource {
 public:
  WatchedSource(std::unique_ptr<ByteSource> inner, Progress& progress)
      : inner_(std::move(inner)), progress_(progress) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    has_failed_ = true;
    const std::size_t got = inner_->read(buffer);
    has_failed_ = false;
    count_ += got;
    progress_.advance(static_cast<std::int64_t>(got));
    return got;
  }
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::unique_ptr<ByteSource> inner_;
  Progress& progress_;
  bool has_failed_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace ociferry::compact
