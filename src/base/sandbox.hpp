#pragma once

#include <filesystem>
#include <functional>
#include <vector>

namespace ociferry {

/// What a command needs of the system, beyond reading files.
struct Rights {
  enum class Network { None, Any };
  Network network = Network::None;
  /// Directories below which, and files in which, may be written. Those that do not exist are passed over.
  std::vector<std::filesystem::path> writable = {};
};

/// What the kernel offers to take rights away with.
struct SandboxFeatures {
  int landlock = 0;      ///< the version of its interface; 0: none that is of use
  bool seccomp = false;  ///< filters of system calls
};
[[nodiscard]] SandboxFeatures sandbox_features() noexcept;

/// Takes from this thread, and from all that it starts from now on, what `rights` does not name, for good: without
/// network, sockets; writing elsewhere; always, starting programs and calls that only administrators need. With
/// Network::None other threads lose sockets and programs too, and if nothing may be written, all writing. What the
/// kernel does not offer is left out: this is a second wall behind the checks of what is read, not the only one.
/// Returns what was used. Call once, before other threads that are to be confined.
SandboxFeatures give_up_rights(const Rights& rights);

/// Runs `work` where rights were kept, such as to start a program, and waits for it: in a thread that `give_up_rights`
/// started before it took them with Network::Any, else in this one. Throws what `work` throws.
void with_all_rights(const std::function<void()>& work);

}  // namespace ociferry
