#pragma once

#include <string>

#include "support/image_builder.hpp"

namespace ociferry::testing {

/// An image, bundle or index with its children, that imgpkg made or read: its files lie in fixtures/imgpkg/<name>.
[[nodiscard]] Image imgpkg_image(const std::string& name);
/// The digest that it has according to the file DIGEST there.
[[nodiscard]] std::string imgpkg_digest(const std::string& name);

/// Puts what imgpkg copied, the bundle of fixtures/imgpkg/describe with all its images, where imgpkg put it: into
/// one repository, under imgpkg's tags, the bundle under "v1".
void push_imgpkg_copy(const RegistryServer& registry, const std::string& repository);

}  // namespace ociferry::testing
