#pragma once

#include <string>
#include <string_view>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// "Image", "Bundle", "Signature" or "Internal", as imgpkg calls them.
[[nodiscard]] std::string_view type_name(DescribedImage::Type type);

/// A description as imgpkg prints it: bundles before images, otherwise in the description's order; annotations sorted
/// by key. What lock files say is made printable, so that no annotation can pass for a line of ours.
[[nodiscard]] std::string description_text(const DescribedImage& bundle);

/// A description as the YAML document that imgpkg prints after its first line, `sha: <digest>`. Characters that could
/// mislead a reader and have no escape in YAML as imgpkg writes it are made visible.
[[nodiscard]] std::string description_yaml(const DescribedImage& bundle);

}  // namespace ociferry
