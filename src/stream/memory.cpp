#include "stream/memory.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {
constexpr std::size_t kCopyBuffer = 256 * 1024;
constexpr std::size_t kShort = 8 * 1024;

/// Copies to the end or, with `until_full`, until `buffer` is full. Returns the number of bytes.
std::uint64_t copy_through(MutableBytes buffer, ByteSource& source, ByteSink& sink, bool until_full) {
  std::uint64_t total = 0;
  while (const std::size_t got = source.read(buffer)) {
    sink.write(buffer.first(got));
    total += got;
    if (until_full && total >= buffer.size()) break;
  }
  return total;
}
}  // namespace

std::size_t StringSource::read(MutableBytes buffer) {
  const std::size_t count = std::min(buffer.size(), content_.size() - position_);
  if (count == 0) return 0;
  std::memcpy(buffer.data(), content_.data() + position_, count);
  position_ += count;
  return count;
}

void StringSink::write(Bytes bytes) {
  if (bytes.size() > limit_ - content.size()) {
    throw Error(ErrorCode::Hostile, text::cat("more than ", limit_, " bytes"));
  }
  content.append(as_text(bytes));
}

void SkippingSink::write(Bytes bytes) {
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(skipped_, bytes.size()));
  skipped_ -= part;
  if (part < bytes.size()) inner_.write(bytes.subspan(part));
}

void ProgressSink::write(Bytes bytes) {
  inner_.write(bytes);
  const auto old = static_cast<std::int64_t>(std::min<std::uint64_t>(bytes.size(), there_));
  const auto fresh = static_cast<std::int64_t>(bytes.size()) - old;
  there_ -= static_cast<std::uint64_t>(old);
  if (old > 0) progress_.skip(old);
  if (fresh > 0) progress_.advance(fresh);
  skipped_ += old;
  moved_ += fresh;
}

void ProgressSink::take_back() {
  progress_.skip(-std::exchange(skipped_, 0));
  progress_.advance(-std::exchange(moved_, 0));
}

std::uint64_t copy_stream(ByteSource& source, ByteSink& sink) {
  // Most streams are manifests and configurations, too short for a large buffer.
  std::array<std::byte, kShort>
      small;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is written before it is read
  const std::uint64_t begin = copy_through(small, source, sink, true);
  if (begin < small.size()) return begin;
  std::vector<std::byte> large(kCopyBuffer);
  return begin + copy_through(large, source, sink, false);
}

std::string read_all(ByteSource& source, std::uint64_t limit) {
  StringSink sink(limit);
  copy_stream(source, sink);
  return std::move(sink.content);
}

}  // namespace ociferry
