#pragma once

#include "ociferry/reference.hpp"

namespace ociferry::testing {

/// The repository that credentials are looked for: on a port, with a path of several parts.
inline const RepositoryName kAskedName{"reg.example:5000", "a/b/c"};

}  // namespace ociferry::testing
