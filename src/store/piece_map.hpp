#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/sizes.hpp"

namespace ociferry {

/// The bytes of a blob from `begin` to `end` (exclusive).
struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] std::uint64_t size() const noexcept { return end - begin; }
  friend bool operator==(const Piece&, const Piece&) = default;
};

/// How a blob is divided.
struct PieceRules {
  std::uint64_t least = 8 * kMiB;    ///< bytes of a piece, and of what is left to the stream
  std::uint64_t most = 32 * kMiB;    ///< bytes of a piece
  std::uint64_t ahead = 512 * kMiB;  ///< how far from the front a piece may begin
  std::size_t pieces = 15;           ///< in progress at a time, besides the stream
};

/// Which bytes of a blob are received, and which are requested. A stream delivers them in order, from the front on,
/// until it reaches a piece that another connection is receiving. The front then moves over complete pieces. Pure; the
/// caller locks.
class PieceMap {
 public:
  PieceMap(std::uint64_t size, std::uint64_t front, const PieceRules& rules)
      : rules_(rules), size_(size), front_(front) {}

  /// All bytes before it are received.
  [[nodiscard]] std::uint64_t front() const noexcept { return front_; }
  [[nodiscard]] bool is_whole() const noexcept { return front_ == size_; }

  /// The stream starts at the front, or ends.
  void set_streaming(bool streams) noexcept { streams_ = streams; }
  [[nodiscard]] bool is_streaming() const noexcept { return streams_; }
  /// The end of the stream: the first piece that has been started, or the blob's end.
  [[nodiscard]] std::uint64_t stream_limit() const noexcept;
  /// The stream has delivered `bytes` more. Claimed pieces that it reaches before they start are lost.
  void advance(std::uint64_t bytes);

  /// Claims a piece that is worth a request; nullopt if there is none now.
  [[nodiscard]] std::optional<Piece> claim();
  /// The first byte of a claimed piece was received. False if the stream was faster.
  [[nodiscard]] bool begin(const Piece& piece);
  /// The piece is complete.
  void finish(const Piece& piece);
  /// The piece failed, or is not needed: it can be claimed again.
  void give_back(const Piece& piece);
  /// The piece at the front, if complete; `pass` moves the front behind it.
  [[nodiscard]] std::optional<Piece> at_front() const;
  void pass(const Piece& piece);
  /// Drops all complete pieces that are not at the front; returns their bytes.
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
