#pragma once

#include <functional>

#include "ociferry/reference.hpp"
#include "store/store.hpp"

namespace ociferry {

/// A repository that is written to.
struct Destination {
  RepositoryName name;
  ImageTarget& target;
  ImageSource& source;  ///< the same repository, to read back what was written
};

/// Opens a repository to write to. The result must stay valid for the whole relocation.
using OpenDestination = std::function<Destination(const RepositoryName& name)>;

}  // namespace ociferry
