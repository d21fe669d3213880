#include "store/piece_map.hpp"

#include <algorithm>

namespace ociferry {

namespace {

/// The size of the next piece: smaller towards the end, so that all finish at about the same time.
constexpr std::uint64_t kParts = 16;

}  // namespace

std::uint64_t PieceMap::stream_limit() const noexcept {
  for (const auto& [begin, entry] : pieces_) {
    if (entry.state != State::Claimed) return begin;
  }
  return size_;
}

void PieceMap::advance(std::uint64_t bytes) {
  front_ += bytes;
  while (!pieces_.empty() && pieces_.begin()->first < front_) pieces_.erase(pieces_.begin());
}

std::size_t PieceMap::under_way() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(pieces_, [](const auto& piece) { return piece.second.state != State::Finished; }));
}

std::uint64_t PieceMap::share_of(std::uint64_t bytes) const noexcept {
  return std::clamp(bytes / kParts, rules_.least, rules_.most);
}

/// The first bytes that are neither received nor requested. What lies before the first piece is left to the stream; its
/// later half is claimed only if nothing else is left.
std::optional<Piece> PieceMap::gap() const {
  std::uint64_t at = front_;
  bool is_streams = streams_;
  std::optional<Piece> streams_own;
  const auto look = [&](std::uint64_t end) -> std::optional<Piece> {
    if (end <= at) return std::nullopt;
    if (!is_streams) return Piece{at, end};
    streams_own = Piece{at, end};
    return std::nullopt;
  };
  for (const auto& [begin, entry] : pieces_) {
    if (const auto found = look(begin)) return found;
    at = entry.end;
    is_streams = false;
  }
  if (const auto found = look(size_)) return found;
  if (!streams_own || streams_own->size() < 2 * rules_.least) return std::nullopt;
  // Few bytes ahead of the front at first: after a kill, the next run can resume only at the front.
  const std::uint64_t kept = pieces_.empty() ? rules_.least : streams_own->size() / 2;
  return Piece{streams_own->begin + kept, streams_own->end};
}

std::optional<Piece> PieceMap::claim() {
  if (under_way() >= rules_.pieces) return std::nullopt;
  const auto free = gap();
  if (!free || free->begin - front_ > rules_.ahead) return std::nullopt;
  std::uint64_t size = std::min(free->size(), share_of(size_ - free->begin));
  if (free->size() - size < rules_.least) size = free->size();  // a rest would be too small for a request
  const Piece piece{free->begin, free->begin + size};
  pieces_[piece.begin] = {piece.end, State::Claimed};
  return piece;
}

bool PieceMap::begin(const Piece& piece) {
  const auto found = pieces_.find(piece.begin);
  if (found == pieces_.end()) return false;
  found->second.state = State::Begun;
  return true;
}

void PieceMap::finish(const Piece& piece) { pieces_.at(piece.begin).state = State::Finished; }

void PieceMap::give_back(const Piece& piece) { pieces_.erase(piece.begin); }

std::optional<Piece> PieceMap::at_front() const {
  if (pieces_.empty()) return std::nullopt;
  const auto& [begin, entry] = *pieces_.begin();
  if (begin != front_ || entry.state != State::Finished) return std::nullopt;
  return Piece{begin, entry.end};
}

void PieceMap::pass(const Piece& piece) {
  pieces_.erase(piece.begin);
  front_ = piece.end;
}

std::uint64_t PieceMap::forget_finished() {
  std::uint64_t bytes = 0;
  std::erase_if(pieces_, [&](const auto& piece) {
    if (piece.second.state != State::Finished) return false;
    bytes += piece.second.end - piece.first;
    return true;
  });
  return bytes;
}

}  // namespace ociferry
