#include "ociferry/version.hpp"

namespace ociferry {

std::string_view version() noexcept { return OCIFERRY_VERSION; }

}  // namespace ociferry
