#pragma once

namespace ociferry {

/// Whose ways the program has, by the name that it was called by.
enum class Manners { Ociferry, Imgpkg };

}  // namespace ociferry
