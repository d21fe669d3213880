#pragma once

#include <string>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// True for a child that describes another child of its index instead of being a runnable image: builders'
/// attestations (annotation vnd.docker.reference.type).
[[nodiscard]] bool is_about_another(const Descriptor& child);

/// "sha256:... (linux/arm64)", or the digest alone. Safe for terminals.
[[nodiscard]] std::string shown_child(const Descriptor& child);

}  // namespace ociferry
