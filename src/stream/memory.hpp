#pragma once

#include <algorithm>
#include <string>

#include "ociferry/progress.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Reads a string that it owns, from the byte `offset` on.
class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string content, std::uint64_t offset = 0)
      : content_(std::move(content)),
        position_(static_cast<std::size_t>(std::min<std::uint64_t>(offset, content_.size()))) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  std::string content_;
  std::size_t position_;
};

/// Collects bytes into `content`, at most `limit` of them. Throws Error{Hostile} beyond that.
class StringSink : public ByteSink {
 public:
  explicit StringSink(std::uint64_t limit) : limit_(limit) {}
  void write(Bytes bytes) override;
  std::string content;

 private:
  std::uint64_t limit_;
};

/// Passes bytes on, except the first `skipped` ones.
class SkippingSink : public ByteSink {
 public:
  SkippingSink(ByteSink& inner, std::uint64_t skipped) : inner_(inner), skipped_(skipped) {}
  void write(Bytes bytes) override;

 private:
  ByteSink& inner_;
  std::uint64_t skipped_;
};

/// Passes bytes on and reports them to the progress; subtracts them if the transfer is abandoned.
class ProgressSink : public ByteSink {
 public:
  /// The first `there` bytes are from an earlier run, and count as skipped.
  ProgressSink(ByteSink& inner, std::uint64_t there, Progress& progress)
      : inner_(inner), progress_(progress), there_(there) {}
  void write(Bytes bytes) override;
  /// The attempt failed: subtracts what was counted.
  void take_back();

 private:
  ByteSink& inner_;
  Progress& progress_;
  std::uint64_t there_;
  std::int64_t skipped_ = 0;
  std::int64_t moved_ = 0;
};

/// Copies all of `source` to `sink`; returns the number of bytes.
std::uint64_t copy_stream(ByteSource& source, ByteSink& sink);
/// All of `source` as text, at most `limit` bytes. Throws Error{Hostile} beyond that.
[[nodiscard]] std::string read_all(ByteSource& source, std::uint64_t limit);

}  // namespace ociferry
