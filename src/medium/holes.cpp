#include "medium/holes.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/fd.hpp"

namespace ociferry {

std::uint64_t next_hole(int fd, std::uint64_t offset, const std::string& name) {
  const off_t hole = ::lseek(fd, static_cast<off_t>(offset), SEEK_HOLE);
  if (hole >= 0) return static_cast<std::uint64_t>(hole);
  return std::max(offset, file_size(fd, name));  // beyond the end, or holes are not reported
}

}  // namespace ociferry
