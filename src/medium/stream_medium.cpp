#include "medium/stream_medium.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kArrivalBytes = 256 * 1024;  ///< asked for at a time; no record of a tape is longer

Error front_is_too_long(const std::string& name, std::uint64_t limit) {
  return Error(ErrorCode::Hostile, text::cat(name, ": more than ", text::human_bytes(limit),
                                             " come before the layers, too much to keep in memory"))
      .hint("write the stream to a file, and give that");
}

Error has_gone_past(const std::string& name, std::uint64_t offset) {
  return Error(ErrorCode::Io,
               text::cat(name, ": the bytes at offset ", offset, " are needed once more, and a stream has no way back"))
      .hint("run both sides again: what has arrived at the destination is kept, and is not sent there twice");
}

}  // namespace

/// What has come. Thread-safe.
class StreamMedium::Arrivals {
 public:
  Arrivals(const std::string& name, std::unique_ptr<ByteSource> source, StreamLimits limits)
      : name_(name), source_(std::move(source)), limits_(limits) {
    limits_.window = std::max(limits_.window, 2 * kArrivalBytes);
  }

  [[nodiscard]] std::uint64_t come() {
    const std::lock_guard lock(mutex_);
    return end_;
  }

  [[nodiscard]] std::uint64_t front_bytes() {
    const std::lock_guard lock(mutex_);
    return front_.size();
  }

  [[nodiscard]] std::size_t read(std::uint64_t offset, MutableBytes buffer) {
    const std::lock_guard lock(mutex_);
    std::size_t done = 0;
    while (done < buffer.size()) {
      const std::uint64_t at = offset + done;
      if (at < end_) {
        done += take(at, buffer.subspan(done));
      } else if (!fetch()) {
        break;
      }
    }
    return done;
  }

  void pass(std::shared_ptr<ByteSink> tap) {
    const std::lock_guard lock(mutex_);
    front_.shrink_to_fit();
    window_.resize(limits_.window);
    tap_ = std::move(tap);
    guarded([&] { tap_->write(front_); });
  }

  void read_until(std::uint64_t offset) {
    const std::lock_guard lock(mutex_);
    while (end_ < offset && fetch()) {
    }
  }

 private:
  /// Copies bytes that have come, as many as lie together.
  [[nodiscard]] std::size_t take(std::uint64_t offset, MutableBytes buffer) const {
    if (failure_) std::rethrow_exception(failure_);
    const std::byte* from = nullptr;
    std::uint64_t count = 0;
    if (offset < front_.size()) {
      from = front_.data() + offset;
      count = front_.size() - offset;
    } else {
      if (end_ - offset > window_.size()) throw has_gone_past(name_, offset);
      const std::uint64_t place = offset % window_.size();
      from = window_.data() + place;
      count = std::min(end_ - offset, window_.size() - place);
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    std::memcpy(buffer.data(), from, taken);
    return taken;
  }

  /// Waits for more. False at the end.
  [[nodiscard]] bool fetch() {
    if (failure_) std::rethrow_exception(failure_);
    if (has_ended_) return false;
    std::size_t count = 0;
    guarded([&] { count = tap_ == nullptr ? add_to_front() : add_to_window(); });
    has_ended_ = count == 0;
    end_ += count;
    return !has_ended_;
  }

  [[nodiscard]] std::size_t add_to_front() {
    const std::size_t there = front_.size();
    if (there >= limits_.front) throw front_is_too_long(name_, limits_.front);
    front_.resize(there + kArrivalBytes);
    const std::size_t count = source_->read(MutableBytes(front_).subspan(there));
    front_.resize(there + count);
    return count;
  }

  [[nodiscard]] std::size_t add_to_window() {
    const std::size_t count = source_->read(arrival_);
    const Bytes bytes = Bytes(arrival_).first(count);
    tap_->write(bytes);
    const auto place = static_cast<std::size_t>(end_ % window_.size());
    const std::size_t to_end = std::min(count, window_.size() - place);
    std::copy_n(bytes.begin(), to_end, window_.begin() + static_cast<std::ptrdiff_t>(place));
    std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(to_end), bytes.end(), window_.begin());
    return count;
  }

  /// Remembers a failure: a stream that is damaged stays so.
  template <typename Work>
  void guarded(const Work& work) {
    try {
      work();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }

  const std::string& name_;
  std::unique_ptr<ByteSource> source_;
  StreamLimits limits_;
  std::mutex mutex_;
  std::vector<std::byte> front_;   ///< from the beginning on
  std::vector<std::byte> window_;  ///< the byte at `n`, if it is kept and not in `front_`, is at `n` modulo its size
  std::vector<std::byte> arrival_ = std::vector<std::byte>(kArrivalBytes);
  std::uint64_t end_ = 0;  ///< how many have come
  bool has_ended_ = false;
  std::shared_ptr<ByteSink> tap_;
  std::exception_ptr failure_;
};

StreamMedium::StreamMedium(std::string name, std::unique_ptr<ByteSource> source, StreamLimits limits)
    : name_(std::move(name)), arrivals_(std::make_unique<Arrivals>(name_, std::move(source), limits)) {}

StreamMedium::~StreamMedium() = default;

std::uint64_t StreamMedium::size() const { return arrivals_->come(); }

std::size_t StreamMedium::read_at(std::uint64_t offset, MutableBytes buffer) const {
  return arrivals_->read(offset, buffer);
}

void StreamMedium::pass(std::shared_ptr<ByteSink> tap) const { arrivals_->pass(std::move(tap)); }

void StreamMedium::read_until(std::uint64_t offset) const { arrivals_->read_until(offset); }

void StreamMedium::read_to_end() const { arrivals_->read_until(UINT64_MAX); }

std::uint64_t StreamMedium::front_bytes() const { return arrivals_->front_bytes(); }

}  // namespace ociferry
