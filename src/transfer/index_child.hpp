#pragma once

#include <string>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// True for a child that says something of another one of its index, rather than being an image that can be run:
/// builders' attestations (annotation vnd.docker.reference.type).
[[nodiscard]] bool is_about_another(const Descriptor& child);

/// "sha256:... (linux/arm64)", or the digest alone. Safe for terminals.
[[nodiscard]] std::string shown_child(const Descriptor& child);

}  // namespace ociferry
