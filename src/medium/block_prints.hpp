#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "stream/stream.hpp"

namespace ociferry {

/// Remembers a hash of blocks that were read, to find out whether wrong ones repeat others. Takes 8 MiB at most
/// for each file: of those up to 4 GiB every block is remembered. Thread-safe.
class BlockPrints {
 public:
  static constexpr std::size_t kBlock = 4096;

  /// Of a file of `size` bytes. Files are numbered from 0 on; one that is added again keeps its number.
  [[nodiscard]] std::size_t add(const std::string& file, std::uint64_t size);
  /// `bytes` lie at `offset` of the file.
  void note(std::size_t file, std::uint64_t offset, Bytes bytes);

  /// What wrong bytes resemble.
  struct Likeness {
    std::string file = {};
    std::uint64_t blocks = 0;    ///< whole blocks that were read and compared
    std::uint64_t blank = 0;     ///< of them: all zeros, or all ones, as empty memory is
    std::uint64_t repeated = 0;  ///< of them: lie elsewhere, too
    std::string like_file = {};  ///< where the first of these also lies
    std::uint64_t like_offset = 0;
    std::uint64_t from = 0;  ///< from the first blank or repeated one to the end of the last
    std::uint64_t to = 0;
  };
  /// Of the bytes from `from` to `to` in the file.
  [[nodiscard]] Likeness likeness(const std::string& file, std::uint64_t from, std::uint64_t to) const;

 private:
  struct File {
    std::string name;
    std::uint64_t step;  ///< distance in bytes of the blocks that are remembered
    std::size_t count;
    std::unique_ptr<std::atomic<std::uint64_t>[]> prints;  ///< 0: not read
  };
  [[nodiscard]] const File* find(const std::string& name) const;
  struct Place {
    const File* file;
    std::uint64_t offset;
  };
  /// Where blocks of `wanted` prints were seen first, the bytes from `from` to `to` in `file` left aside.
  [[nodiscard]] std::unordered_map<std::uint64_t, Place> places_outside(
      const File& file, std::uint64_t from, std::uint64_t to, const std::unordered_set<std::uint64_t>& wanted) const;

  mutable std::mutex mutex_;
  std::deque<File> files_;  ///< never moved
};

/// "; ..." about wrong bytes; empty if they resemble nothing.
[[nodiscard]] std::string tell_likeness(const BlockPrints::Likeness& likeness);

}  // namespace ociferry
