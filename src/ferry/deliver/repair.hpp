#pragma once

#include <functional>
#include <string_view>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// What a round assumes about the destination.
enum class Round {
  First,   ///< its tags prove what is below them
  Repair,  ///< nothing: it has lost content that it accepted
};

/// Calls `work`, and repeats it at most twice if it throws Error{Unstable}: `to` has lost content that it accepted, as
/// registries do during garbage collection. Waits before each repetition for four retry delays of the registry (2 s by
/// default), so that not all rounds fall into the same collection. Throws what `work` throws, Error{Interrupted}.
void run_with_repairs(std::string_view to, const Context& context, const std::function<void(Round)>& work);

}  // namespace ociferry
