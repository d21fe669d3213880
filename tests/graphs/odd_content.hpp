#pragma once

#include <string>

#include "support/seed.hpp"

namespace ociferry::testing {

/// An image configuration as only odd writers make it: none is a bundle's, and several are no JSON.
[[nodiscard]] std::string odd_config(Dice& dice);

/// An odd configuration that still says that its image is a bundle.
[[nodiscard]] std::string odd_bundle_config(Dice& dice);

/// A media type that is no manifest's.
[[nodiscard]] std::string odd_type(Dice& dice);

}  // namespace ociferry::testing
