#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "ociferry/error.hpp"

namespace ociferry::testing {

/// Runs `action`, which must throw Error, and returns that Error.
inline Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return {ErrorCode::Internal, ""};
}

/// The code of that Error.
inline ErrorCode code_of(const std::function<void()>& action) { return error_of(action).code(); }

/// The message of the Error that `action` throws, whose code must be Usage; empty if it throws none.
inline std::string usage_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Usage);
    return error.message();
  }
  return "";
}

}  // namespace ociferry::testing
