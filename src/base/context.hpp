#pragma once

#include <utility>

#include "ociferry/error.hpp"

namespace ociferry {

/// Runs `work` and returns its result. If it throws an Error, adds the text that `describe` returns as context; it is
/// called only then.
template <typename Describe, typename Work>
decltype(auto) with_context(Describe&& describe, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.while_doing(std::forward<Describe>(describe)());
    throw;
  }
}

}  // namespace ociferry
