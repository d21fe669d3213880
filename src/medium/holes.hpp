#pragma once

#include <cstdint>
#include <string>

namespace ociferry {

/// Where the next hole of the file `fd` begins, at or behind `offset`: at its end, if there is none before or the file
/// system tells none. What is behind the end is a hole. Throws Error{Io} naming `name`.
[[nodiscard]] std::uint64_t next_hole(int fd, std::uint64_t offset, const std::string& name);

}  // namespace ociferry
