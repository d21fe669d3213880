#pragma once

#include <functional>
#include <memory>

#include "store/store.hpp"

namespace ociferry::testing {

/// A place that can be read and written.
struct Place {
  ImageSource& source;
  ImageTarget& target;
  TagLister& tags;
};

/// Makes a new, empty place and calls `use` with it.
using WithPlace = std::function<void(const std::function<void(Place)>& use)>;

/// Checks what the documentation of store/store.hpp promises for every place that can be read and written.
/// Call inside a TEST_CASE; it has subcases of its own.
void check_store_contract(const WithPlace& with_place);

}  // namespace ociferry::testing
