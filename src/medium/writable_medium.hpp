#pragma once

#include <memory>

#include "medium/medium.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

class DeviceReader;

/// A medium that is written in any order, by any number of threads that write different bytes.
class WritableMedium : public Medium {
 public:
  /// Writes all of `bytes` at `offset`. Throws Error{Space}, Error{Io} naming medium and offset.
  virtual void write_at(std::uint64_t offset, Bytes bytes) = 0;
  /// Where the next hole begins: the first byte at or behind `offset` that is known not to have been written. A medium
  /// that cannot tell holes knows its end only.
  [[nodiscard]] virtual std::uint64_t written_until(std::uint64_t offset) const = 0;
  /// True if it computes sums of what is written, so that hash_jointly() saves time.
  [[nodiscard]] virtual bool is_summed() const noexcept { return false; }
  /// Updates `hasher` with `bytes`, which were written at `offset`, and the medium's sums if it is their turn.
  virtual void hash_jointly(std::uint64_t /*offset*/, Bytes bytes, Hasher& hasher) { hasher.update(bytes); }
};

/// What happens to what an earlier run left.
enum class Existing { Keep, Discard };

/// Where an output is written, out of the way of what had its name before, until it is published.
class OutputMedium : public WritableMedium {
 public:
  /// Makes the medium `bytes` bytes long and sets room aside for all of them where that can be done. Discard: all of it
  /// is a hole then. Keep: it has this length already; what is in it is read from the device from now on, since memory
  /// may show what a device that failed never got. Call once, before writing. Throws Error{Space}, Error{Io}.
  virtual void reserve(std::uint64_t bytes, Existing existing) = 0;
  /// Makes what was written durable. Throws Error{Space}, Error{Io}.
  virtual void sync() = 0;
  /// Opens what was written for reading, as another program would, or through `device`, if given, which must outlive
  /// the result. Throws Error{Io}.
  [[nodiscard]] virtual std::unique_ptr<Medium> reopen(DeviceReader* device) const = 0;
  [[nodiscard]] std::unique_ptr<Medium> reopen() const { return reopen(nullptr); }
  /// Gives what was written, and synced, its name, and makes that durable. The last thing that may be called. Throws
  /// Error{Io}.
  virtual void publish() = 0;
};

}  // namespace ociferry
