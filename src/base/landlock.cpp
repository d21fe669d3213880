#include "base/landlock.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/fd.hpp"
#include "base/system_calls.hpp"

// The used parts of linux/landlock.h: the headers of the build machine may be older than the kernel at run time.

namespace ociferry {

namespace {

constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr std::uint32_t kAskVersion = 1;
constexpr std::uint32_t kPathBeneath = 1;

/// struct landlock_ruleset_attr, up to version 4.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
};
/// struct landlock_path_beneath_attr
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};

// Rights to files: LANDLOCK_ACCESS_FS_*.
constexpr std::uint64_t kExecute = 1U << 0U;
constexpr std::uint64_t kWriteFile = 1U << 1U;
constexpr std::uint64_t kRemoveDirectory = 1U << 4U;
constexpr std::uint64_t kRemoveFile = 1U << 5U;
constexpr std::uint64_t kMakeAnything = 0x7FU << 6U;  // devices, directories, files, sockets, pipes, links
constexpr std::uint64_t kRefer = 1U << 13U;           // links and renames between directories
constexpr std::uint64_t kTruncate = 1U << 14U;        // since version 3
constexpr std::uint64_t kBindAndConnect = 3;          // LANDLOCK_ACCESS_NET_*, since version 4

std::uint64_t writing_rights(int version) {
  const std::uint64_t truncate = version >= 3 ? kTruncate : 0;
  return kWriteFile | kRemoveDirectory | kRemoveFile | kMakeAnything | kRefer | truncate;
}

/// Allows writing at or below `path`, if it exists.
bool allow(int ruleset, const std::filesystem::path& path, std::uint64_t rights) {
  const UniqueFd place(calls::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) return true;
  if (!S_ISDIR(status.st_mode)) rights &= kWriteFile | kTruncate;
  const PathBeneath rule{rights, place.get()};
  // EBADFD: a pipe or the like, such as /dev/stdout may be. They are not restricted.
  return ::syscall(kAddRule, ruleset, kPathBeneath, &rule, 0) == 0 || errno == EBADFD;
}

}  // namespace

int landlock_version() noexcept {
  const long version = ::syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version < 2 ? 0 : static_cast<int>(version);
}

bool restrict_by_landlock(const Rights& rights) {
  const int version = landlock_version();
  if (version == 0) return false;
  const std::uint64_t writing = writing_rights(version);
  Ruleset wanted{.files = writing | kExecute};
  if (rights.network == Rights::Network::None && version >= 4) wanted.network = kBindAndConnect;
  const std::size_t size = version >= 4 ? sizeof wanted : sizeof wanted.files;
  const UniqueFd ruleset(static_cast<int>(::syscall(kCreateRuleset, &wanted, size, 0)));
  if (!ruleset) return false;
  for (const std::filesystem::path& path : rights.writable) {
    if (!allow(ruleset.get(), path, writing)) return false;
  }
  for (const char* device : {"/dev/null", "/dev/tty"}) {
    if (!allow(ruleset.get(), device, writing)) return false;
  }
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::syscall(kRestrictSelf, ruleset.get(), 0) == 0;
}

}  // namespace ociferry
