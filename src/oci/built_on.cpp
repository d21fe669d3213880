#include "ociferry/delta.hpp"

namespace ociferry {

std::string_view to_string(BuiltOn::Kind kind) { return kind == BuiltOn::Kind::Archive ? "archive" : "have-list"; }

}  // namespace ociferry
