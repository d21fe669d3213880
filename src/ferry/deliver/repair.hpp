#pragma once

#include <functional>
#include <string_view>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// What is assumed about a destination.
enum class Round {
  First,   ///< it has everything below its tags
  Repair,  ///< nothing: it has lost accepted content
};

/// Calls `work`, and calls it again, twice at most, if it fails with Error{Unstable}: `to` has lost what it had
/// accepted, as registries do while they collect garbage. Before it is called again it waits for four times the
/// registry's retry delay (2 s by default), so that not all rounds fall into one collection. Throws what `work` throws,
/// Error{Interrupted}.
void run_with_repairs(std::string_view to, const Context& context, const std::function<void(Round)>& work);

}  // namespace ociferry
