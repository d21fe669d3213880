#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/sizes.hpp"

namespace ociferry {

/// Some bytes of a blob: those from `begin` up to `end`, which is not among them.
struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] std::uint64_t size() const noexcept { return end - begin; }
  friend bool operator==(const Piece&, const Piece&) = default;
};

/// How a blob may be divided.
struct PieceRules {
  std::uint64_t least = 8 * kMiB;    ///< bytes of a piece, and of what is left to the stream
  std::uint64_t most = 32 * kMiB;    ///< bytes of a piece
  std::uint64_t ahead = 512 * kMiB;  ///< how far from the front a piece may begin
  std::size_t pieces = 15;           ///< under way at a time, besides the stream
};

/// Which bytes of a blob have arrived, and which are on their way. A stream brings them in order, from the front on,
/// until it comes to a piece that has begun to arrive elsewhere. Whoever is at the front then, passes it over the
/// pieces that are there. Pure; the caller locks.
class PieceMap {
 public:
  PieceMap(std::uint64_t size, std::uint64_t front, const PieceRules& rules)
      : rules_(rules), size_(size), front_(front) {}

  /// All bytes before it are there, in order.
  [[nodiscard]] std::uint64_t front() const noexcept { return front_; }
  [[nodiscard]] bool is_whole() const noexcept { return front_ == size_; }

  /// The stream begins, at the front, or ends.
  void set_streaming(bool streams) noexcept { streams_ = streams; }
  [[nodiscard]] bool is_streaming() const noexcept { return streams_; }
  /// How far the stream may go: to the first piece that has begun, or the end.
  [[nodiscard]] std::uint64_t stream_limit() const noexcept;
  /// The stream has brought so many more bytes. Pieces that it comes to before they have begun are no longer theirs.
  void advance(std::uint64_t bytes);

  /// A piece that nobody else has and is worth a request; nothing if there is none now.
  [[nodiscard]] std::optional<Piece> claim();
  /// The first byte of a claimed piece is there. False if the stream was faster.
  [[nodiscard]] bool begin(const Piece& piece);
  /// All of it is there.
  void finish(const Piece& piece);
  /// It is not to be had, or not wanted from elsewhere: it is nobody's again.
  void give_back(const Piece& piece);
  /// The piece at the front, if it is there; `pass` moves the front behind it.
  [[nodiscard]] std::optional<Piece> at_front() const;
  void pass(const Piece& piece);
  /// Forgets all pieces that are there, but not at the front; returns how many bytes they have.
  std::uint64_t forget_finished();

 private:
  enum class State { Claimed, Begun, Finished };
  struct Entry {
    std::uint64_t end;
    State state;
  };

  [[nodiscard]] std::optional<Piece> gap() const;
  [[nodiscard]] std::size_t under_way() const noexcept;
  [[nodiscard]] std::uint64_t share_of(std::uint64_t bytes) const noexcept;

  PieceRules rules_;
  std::uint64_t size_;
  std::uint64_t front_;
  bool streams_ = false;
  std::map<std::uint64_t, Entry> pieces_;  ///< by their beginning; they do not overlap
};

}  // namespace ociferry
