#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "archive/limits.hpp"
#include "ociferry/limits.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Hands out what it was given again, then the rest of a stream, and counts.
class SniffedSource : public ByteSource {
 public:
  /// Reads the first bytes of `source`. Keeps a reference to it.
  explicit SniffedSource(ByteSource& source);
  /// The first bytes of the stream; fewer than 8 only if it is that short.
  [[nodiscard]] Bytes head() const noexcept { return Bytes(head_).first(head_size_); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  ByteSource& source_;
  std::array<std::byte, 8> head_{};
  std::size_t head_size_ = 0;
  std::size_t head_read_ = 0;
  std::uint64_t count_ = 0;
};

/// The unpacked bytes of a layer: of a gzip or zstd stream (recognized by its first bytes, whatever the media type
/// says), or the bytes as they are. Several gzip members or zstd frames follow on one another (RFC 1952, RFC 8878).
///
/// At the end the packed stream has been read to its end too, so that a VerifyingSource below has proved it. What
/// follows the packed data is passed over and counted, as gzip(1) and others do.
class Unpacker : public ByteSource {
 public:
  /// Keeps a reference to `packed`; `name` is for messages. Throws Error{Hostile} if a zstd frame wants a window
  /// above limits::kZstdWindowLog, ErrorReason::NotTar if the data is packed in a way that is not read.
  Unpacker(ByteSource& packed, std::string name, const UnpackLimits& limits = {});
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker() override;

  /// Throws Error{Corrupt} if the stream is damaged or cut short, Error{Hostile} beyond the limits, naming the option
  /// that raises them.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;
  /// Counts a hole of a file as if its zeros had been unpacked; `follow` bytes of the file come after it or between its
  /// holes. Throws Error{Hostile} beyond the limits.
  void count_hole(std::uint64_t bytes, std::uint64_t follow);
  /// Throws the same if all that was unpacked, with all holes, is too much for what was read so far.
  void check_expansion() const;
  /// How many bytes follow the packed data; known at the end.
  [[nodiscard]] std::uint64_t bytes_behind_end() const noexcept { return behind_end_; }

 private:
  class Filter;
  void check_limits() const;
  void check_ratio(std::uint64_t unpacked, std::uint64_t packed) const;
  void pass_over_rest();

  std::string name_;
  UnpackLimits limits_;
  SniffedSource packed_;
  std::unique_ptr<Filter> filter_;
  std::uint64_t unpacked_ = 0;
  std::uint64_t holes_ = 0;
  std::uint64_t behind_end_ = 0;
};

/// The libraries that unpack, and their versions: "libarchive 3.6.2 zlib/1.2.13 ...".
[[nodiscard]] std::string unpacking_libraries();

}  // namespace ociferry
