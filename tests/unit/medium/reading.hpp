#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <span>
#include <string>

#include "medium/medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

/// At most `size` bytes from `offset` on.
inline std::string read(const Medium& medium, std::uint64_t offset, std::size_t size) {
  std::string buffer(size, '?');
  buffer.resize(medium.read_at(offset, std::as_writable_bytes(std::span(buffer))));
  return buffer;
}

/// Runs `action`, which must throw Error, and gives that.
inline Error failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return {ErrorCode::Internal, ""};
}

}  // namespace ociferry::testing
