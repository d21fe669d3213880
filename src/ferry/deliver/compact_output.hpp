#pragma once

#include <cstdint>
#include <filesystem>

#include "ferry/deliver/parity_output.hpp"
#include "medium/partial_file.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Throws Error if a compact archive cannot be written to `output`, or would replace what is none of ours, unless
/// `force`. Call it before any other work.
void check_compact_output(const std::filesystem::path& output, bool force);

/// A compact archive that is written: a file whose length shows at the end. Without `publish` nothing is left.
class CompactOutput : public ByteSink {
 public:
  /// Throws Error{Busy} if another process writes it, Error{Io}.
  explicit CompactOutput(const std::filesystem::path& output);

  /// Throws Error{Space}, Error{Io}.
  void write(Bytes bytes) override;
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// Makes it durable, and reopens it.
  [[nodiscard]] std::unique_ptr<Medium> sync();
  /// Gives it its name.
  void publish();

 private:
  PartialFile file_;
  DiscardedPartials discarded_;
  std::uint64_t written_ = 0;
};

}  // namespace ociferry
