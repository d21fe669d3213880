#include "store/file_place.hpp"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/fd.hpp"
#include "base/stop.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kReadBack = 1024 * 1024;

std::vector<std::byte> buffer_for(std::uint64_t size) {
  return std::vector<std::byte>(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBack, size)));
}

/// How many of `bytes` there are before the zeros that they end with.
std::size_t without_zeros(Bytes bytes) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte one) { return one != std::byte{0}; });
  return static_cast<std::size_t>(bytes.rend() - last);
}

}  // namespace

void FilePlace::write(std::uint64_t at, Bytes bytes) const {
  pwrite_full(fd, bytes, offset + at, name);
  if (hints != nullptr) hints->wrote(bytes.size());
}

void FilePlace::read(const Piece& piece, ByteSink& sink, const std::stop_token& stop) const {
  std::vector<std::byte> buffer = buffer_for(piece.size());
  FileSource there(fd, offset + piece.begin, piece.size(), name);
  while (const std::size_t got = there.read(buffer)) {
    throw_if_stopped(stop);
    sink.write({buffer.data(), got});
  }
}

std::uint64_t FilePlace::written(std::uint64_t size) const {
  const off_t hole = ::lseek(fd, static_cast<off_t>(offset), SEEK_HOLE);
  std::uint64_t end = size;
  if (hole >= 0) {
    const auto at = static_cast<std::uint64_t>(hole);
    end = at <= offset ? 0 : std::min(end, at - offset);
  }
  std::vector<std::byte> buffer = buffer_for(end);
  while (end > 0) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end)));
    const std::uint64_t begin = end - part.size();
    if (pread_full(fd, part, offset + begin, name) < part.size()) return 0;
    const std::size_t used = without_zeros(part);
    if (used > 0) return begin + used;
    end = begin;
  }
  return 0;
}

bool FilePlace::has_hole(const Piece& piece) const {
  const off_t hole = ::lseek(fd, static_cast<off_t>(offset + piece.begin), SEEK_HOLE);
  return hole >= 0 && static_cast<std::uint64_t>(hole) < offset + piece.end;
}

}  // namespace ociferry
