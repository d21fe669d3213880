#include "parity/patchwork_medium.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

PatchworkMedium::PatchworkMedium(std::string name, std::uint64_t size, std::vector<Piece> pieces)
    : name_(std::move(name)), size_(size), pieces_(std::move(pieces)) {}

const PatchworkMedium::Piece* PatchworkMedium::piece_at(std::uint64_t offset) const noexcept {
  const auto behind = std::ranges::upper_bound(pieces_, offset, {}, &Piece::offset);
  if (behind == pieces_.begin()) return nullptr;
  const Piece& piece = *(behind - 1);
  return offset - piece.offset < piece.size ? &piece : nullptr;
}

std::size_t PatchworkMedium::read_at(std::uint64_t offset, MutableBytes buffer) const {
  std::size_t done = 0;
  while (done < buffer.size() && offset + done < size_) {
    const std::uint64_t at = offset + done;
    const Piece* const piece = piece_at(at);
    std::size_t got = 0;
    if (piece != nullptr && piece->medium) {
      const std::uint64_t within = at - piece->offset;
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size() - done, piece->size - within));
      got = piece->medium->read_at(within, buffer.subspan(done, wanted));
    }
    if (got == 0) throw Error(ErrorCode::Incomplete, text::cat(name_, " has nothing at offset ", at));
    done += got;
  }
  return done;
}

void PatchworkMedium::done_with(std::uint64_t offset, std::uint64_t size) const noexcept {
  for (const Piece& piece : pieces_) {
    const std::uint64_t from = std::max(offset, piece.offset);
    const std::uint64_t to = std::min(offset + size, piece.offset + piece.size);
    if (from < to && piece.medium) piece.medium->done_with(from - piece.offset, to - from);
  }
}

const std::string& PatchworkMedium::name_at(std::uint64_t offset) const noexcept {
  const Piece* const piece = piece_at(offset);
  return piece == nullptr ? name_ : piece->name;
}

bool read_what_is_there(const Medium& medium, std::uint64_t offset, MutableBytes buffer) {
  try {
    return medium.read_at(offset, buffer) == buffer.size();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    return false;
  }
}

}  // namespace ociferry
