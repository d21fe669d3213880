#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/stream.hpp"

namespace ociferry {

/// The maximum number of data segments of a file with holes.
inline constexpr std::size_t kSparseSegments = 1'000'000;

/// Where the stored bytes of a file with holes belong; everything else in it is zero.
struct SparseMap {
  struct Segment {
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t size = 0;
  };
  std::vector<Segment> segments = {};
  std::uint64_t size = 0;  ///< of the whole file

  /// Throws Error{Hostile} unless the segments ascend without overlapping, lie within the file, and take `stored`
  /// bytes.
  void check(std::uint64_t stored) const;
};

/// What the PAX records "GNU.sparse.*" say of a file with holes (GNU tar manual, "Storing Sparse Files": 0.0,
/// 0.1, 1.0).
struct SparseRecords {
  std::optional<std::string> name = {};
  std::optional<std::uint64_t> size = {};
  std::vector<std::uint64_t> numbers = {};  ///< versions 0.x: offset and size of each segment in turn
  std::string major = {};
  std::string minor = {};

  /// Takes the record; `key` is what follows "GNU.sparse.". Unknown ones are ignored. Throws Error{Hostile}.
  void take(std::string_view key, std::string_view value);
  /// True if there are holes.
  [[nodiscard]] bool any() const { return size || !numbers.empty() || !major.empty() || !minor.empty(); }
  /// True if the map lies in front of the content (version 1.0). Throws Error{Hostile} for unknown versions.
  [[nodiscard]] bool map_is_in_content() const;
  /// The map that `of_segments` and the size make. Throws Error{Hostile} if one of them is missing.
  [[nodiscard]] SparseMap map(const std::vector<std::uint64_t>& of_segments) const;
};

/// The text in front of a content that holds a map of version 1.0: decimal numbers, each on a line of its own, the
/// first of which says how many segments follow.
class SparseMapText {
 public:
  /// Takes the next block. Throws Error{Hostile}.
  void add(std::string_view block);
  /// True when all numbers are there; what follows in the last block is padding.
  [[nodiscard]] bool complete() const noexcept { return expected_ && numbers_.size() == *expected_; }
  [[nodiscard]] const std::vector<std::uint64_t>& numbers() const noexcept { return numbers_; }

 private:
  std::string line_;
  std::optional<std::size_t> expected_;
  std::vector<std::uint64_t> numbers_;
};

/// The map in the header of type 'S', as GNU tar writes it by itself, and in the blocks that follow it.
class GnuSparseMap {
 public:
  /// `header` is a whole block. Throws Error{Corrupt} for numbers that are none.
  explicit GnuSparseMap(std::string_view header);
  /// True if another block belongs to the map.
  [[nodiscard]] bool wants_more() const noexcept { return wants_more_; }
  /// Takes that block. Throws Error{Corrupt}, Error{Hostile}.
  void add(std::string_view block);
  [[nodiscard]] SparseMap take() { return std::move(map_); }

 private:
  void add_entries(std::string_view entries);

  SparseMap map_;
  bool wants_more_ = false;
};

/// A place in a file that is read from front to back.
class SparseCursor {
 public:
  /// A file of one piece.
  void start(std::uint64_t size);
  /// A file with holes; `map` has been checked.
  void start(SparseMap map);
  /// How many zeros come next; 0 if data does, or the end.
  [[nodiscard]] std::uint64_t hole() const noexcept;
  /// How many bytes of data come next; 0 if a hole does, or the end.
  [[nodiscard]] std::uint64_t data() const noexcept;
  /// Goes on; `bytes` are no more than one of these.
  void advance(std::uint64_t bytes) noexcept;

 private:
  void pass_empty_segments() noexcept;

  SparseMap map_;
  std::size_t segment_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace ociferry
