#pragma once

#include <exception>
#include <functional>
#include <vector>

#include "ferry/deliver/shared_pass.hpp"

namespace ociferry {

/// Puts the blobs of one or more destinations, whose source can be read in one order only. Returns the first failure of
/// each destination, null for success; throws what is about all of them: then nothing more may be put.
using BlobPass = std::function<std::vector<std::exception_ptr>(const std::vector<std::vector<BlobToPut>>&)>;

}  // namespace ociferry
