#pragma once

#include <cstddef>
#include <memory>

#include "stream/stream.hpp"

namespace ociferry {

/// Compresses what is written to it into one zstd frame (RFC 8878) with a checksum, whose window is as large as any
/// zstd opens without an option: 2^limits::kZstdWindowLog bytes. On the caller's thread: with others zstd gives other
/// bytes, and not every libzstd has them.
class ZstdSink : public ByteSink {
 public:
  /// The compressed bytes go to `out`, which must outlive this. `level`: of zstd, 1 to 22. Throws Error{Internal} if
  /// the library cannot do this.
  ZstdSink(ByteSink& out, int level);
  ~ZstdSink() override;

  void write(Bytes bytes) override;
  /// Writes what is left and ends the frame. Call once, after the last write.
  void finish();

 private:
  struct State;
  void compress(Bytes bytes, bool is_end);

  ByteSink& out_;
  std::unique_ptr<State> state_;
};

}  // namespace ociferry
