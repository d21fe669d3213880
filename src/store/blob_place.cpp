#include "store/blob_place.hpp"

#include <algorithm>
#include <vector>

#include "base/stop.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry {

namespace {

std::vector<std::byte> buffer_for(std::uint64_t size) {
  return std::vector<std::byte>(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBufferBytes, size)));
}

/// The number of `bytes` without trailing zeros.
std::size_t without_zeros(Bytes bytes) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte one) { return one != std::byte{0}; });
  return static_cast<std::size_t>(bytes.rend() - last);
}

}  // namespace

void BlobPlace::write(std::uint64_t at, Bytes bytes) const { medium.write_at(offset + at, bytes); }

void BlobPlace::hash(std::uint64_t at, Bytes bytes, Hasher& hasher) const {
  medium.hash_jointly(offset + at, bytes, hasher);
}

void BlobPlace::read(const Piece& piece, ByteSink& sink, const std::stop_token& stop) const {
  std::vector<std::byte> buffer = buffer_for(piece.size());
  MediumSource there(medium, offset + piece.begin, piece.size());
  while (const std::size_t got = there.read(buffer)) {
    throw_if_stopped(stop);
    sink.write({buffer.data(), got});
  }
}

std::uint64_t BlobPlace::written(std::uint64_t size) const {
  std::uint64_t end = std::min(size, medium.written_until(offset) - offset);
  std::vector<std::byte> buffer = buffer_for(end);
  while (end > 0) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end)));
    const std::uint64_t begin = end - part.size();
    if (medium.read_at(offset + begin, part) < part.size()) return 0;
    const std::size_t used = without_zeros(part);
    if (used > 0) return begin + used;
    end = begin;
  }
  return 0;
}

bool BlobPlace::has_hole(const Piece& piece) const {
  return medium.written_until(offset + piece.begin) < offset + piece.end;
}

}  // namespace ociferry
