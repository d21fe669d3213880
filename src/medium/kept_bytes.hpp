#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/fd.hpp"

namespace ociferry {

/// Bytes that come once and are read again: in memory while they are few, then in a file without a name. Used by one
/// thread at a time.
class KeptBytes {
 public:
  /// At most `most` bytes will come. `what` is what they are, for messages: "the unpacked archive". With
  /// Room::Unchecked a lack of room shows only when it is met.
  enum class Room { Checked, Unchecked };
  KeptBytes(std::uint64_t most, std::filesystem::path directory, std::string what, Room room = Room::Checked)
      : most_(most), directory_(std::move(directory)), what_(std::move(what)), room_(room) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Throws Error{Corrupt} if more come than were said; Error{Space}, at once if all would not fit, Error{Io}.
  void append(Bytes bytes);
  /// Fills `buffer` from `offset` on. Throws Error{Corrupt} if that is not all there; Error{Io}.
  void read(std::uint64_t offset, MutableBytes buffer) const;

  /// So much is kept in memory.
  static constexpr std::uint64_t kMostInMemory = std::uint64_t{32} * 1024 * 1024;

 private:
  void move_to_file();

  std::uint64_t most_;
  std::filesystem::path directory_;
  std::string what_;
  Room room_;
  UniqueFd fd_ = {};
  std::string name_ = {};
  std::vector<std::byte> memory_ = {};
  std::uint64_t size_ = 0;
};

}  // namespace ociferry
