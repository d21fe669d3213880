#pragma once

#include <span>
#include <string>

#include "medium/medium.hpp"

namespace ociferry::testing {

/// At most `size` bytes from `offset` on.
inline std::string read(const Medium& medium, std::uint64_t offset, std::size_t size) {
  std::string buffer(size, '?');
  buffer.resize(medium.read_at(offset, std::as_writable_bytes(std::span(buffer))));
  return buffer;
}

}  // namespace ociferry::testing
