#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "ociferry/limits.hpp"
#include "ociferry/stream.hpp"

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

/// The unpacked bytes of a layer: of a gzip or zstd stream (told by its first bytes, whatever the media type says),
/// or the bytes as they are. Several gzip members or zstd frames follow on one another (RFC 1952, RFC 8878).
///
/// At the end the packed stream has been read to its end too, so that a VerifyingSource below has proved it.
class Unpacker : public ByteSource {
 public:
  /// Keeps a reference to `packed`; `name` is for messages. Throws Error{Hostile} if a zstd frame wants a window
  /// above limits::kZstdWindowLog.
  Unpacker(ByteSource& packed, std::string name, const UnpackLimits& limits = {});
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker() override;

  /// Throws Error{Corrupt} if the stream is damaged, cut short or followed by other bytes, Error{Hostile} beyond
  /// the limits, naming the option that raises them.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  class Filter;
  void check_limits() const;
  void check_end();

  std::string name_;
  UnpackLimits limits_;
  SniffedSource packed_;
  std::unique_ptr<Filter> filter_;
  std::uint64_t unpacked_ = 0;
};

/// The libraries that unpack, and their versions: "libarchive 3.6.2 zlib/1.2.13 ...".
[[nodiscard]] std::string unpacking_libraries();

}  // namespace ociferry
