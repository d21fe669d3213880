#pragma once

#include <cstdint>
#include <string>

#include "stream/stream.hpp"

namespace ociferry {

class StreamMedium;

/// The storage of an archive: bytes at offsets, in one file or in several volumes. Thread-safe.
class Medium {
 public:
  Medium() = default;
  Medium(const Medium&) = delete;
  Medium& operator=(const Medium&) = delete;
  virtual ~Medium() = default;

  /// Its name for messages: the path.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  /// In bytes. Throws Error{Io}.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Reads at `offset`; returns the number of bytes: less than `buffer` has only at the end.
  /// Blocks. Throws Error{Io} naming medium and offset.
  [[nodiscard]] virtual std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const = 0;
  /// A hint: these bytes will not be read again and need not be cached.
  virtual void done_with(std::uint64_t offset, std::uint64_t size) const noexcept;
  /// The medium as one whose bytes come once, in order, and whose size shows at the end only. Null for others.
  [[nodiscard]] virtual const StreamMedium* stream() const noexcept { return nullptr; }
  /// The name of what holds the byte at `offset`, for messages: of a volume, or the medium's own.
  [[nodiscard]] virtual const std::string& name_at(std::uint64_t /*offset*/) const noexcept { return name(); }
  /// Where in the medium that begins, and ends, which name_at() names.
  [[nodiscard]] virtual std::uint64_t begin_at(std::uint64_t /*offset*/) const noexcept { return 0; }
  [[nodiscard]] virtual std::uint64_t end_at(std::uint64_t /*offset*/) const { return size(); }
  /// False if reading these bytes would wait until the user inserts a volume.
  [[nodiscard]] virtual bool is_at_hand(std::uint64_t /*offset*/, std::uint64_t /*size*/) const { return true; }
};

/// Reads `size` bytes of a medium from `offset` on. The medium must outlive it.
class MediumSource : public ByteSource {
 public:
  MediumSource(const Medium& medium, std::uint64_t offset, std::uint64_t size)
      : medium_(medium), offset_(offset), left_(size) {}
  /// Throws Error{Corrupt} if the medium ends early.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  const Medium& medium_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

}  // namespace ociferry
