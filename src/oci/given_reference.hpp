#pragma once

#include <string_view>

#include "ociferry/reference.hpp"

namespace ociferry {

/// A reference that a user typed. As `Reference::parse`, which lock files go by; but what reads as an image of
/// Docker Hub's and is meant as a registry, "registry.example.com:5000" or "localhost/app", throws Error{Usage}.
[[nodiscard]] Reference given_reference(std::string_view text);

/// The same without tag or digest: throws Error{Usage} if there is one.
[[nodiscard]] RepositoryName given_repository(std::string_view text);

}  // namespace ociferry
