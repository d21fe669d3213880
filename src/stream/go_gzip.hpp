#pragma once

#include <cstdint>
#include <memory>

#include "stream/stream.hpp"

namespace ociferry {

/// Compresses what is written to it, byte-equal to Go's compress/gzip at level BestSpeed: the digest of a layer that
/// is packed today is the one that imgpkg gave it. How the input is cut into writes makes no difference. Memory is
/// constant (about 500 KiB). RFC 1951 and 1952.
class GoGzipSink : public ByteSink {
 public:
  /// The compressed bytes go to `out`, which must outlive this.
  explicit GoGzipSink(ByteSink& out);
  ~GoGzipSink() override;

  void write(Bytes bytes) override;
  /// Writes what is left and the trailer. Call exactly once, after the last write; without it the output is cut short.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ociferry
