#pragma once

namespace ociferry {

/// The name that the program was called by, which decides how it behaves.
enum class CalledAs { Ociferry, Imgpkg };

}  // namespace ociferry
