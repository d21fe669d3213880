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

/// Opens a repository to write to, which must outlive what is done with it.
using OpenDestination = std::function<Destination(const RepositoryName& name)>;

}  // namespace ociferry
