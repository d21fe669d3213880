#pragma once

#include <filesystem>
#include <functional>
#include <vector>

namespace ociferry {

/// What a command may do besides reading files.
struct Rights {
  enum class Network { None, Any };
  Network network = Network::None;
  /// Directories below which, and files in which, may be written. Those that do not exist are passed over.
  std::vector<std::filesystem::path> writable = {};
};

/// The sandbox features of the kernel.
struct SandboxFeatures {
  int landlock = 0;      ///< ABI version; 0: not usable
  bool seccomp = false;  ///< filters of system calls
};
[[nodiscard]] SandboxFeatures sandbox_features() noexcept;

/// Drops privileges for this thread, and all that it starts later, permanently: sockets without a network, writing
/// elsewhere than in `rights`, starting programs, and privileged system calls. With Network::None, other threads lose
/// sockets and programs too, and all writing if nothing is writable. Skips what the kernel does not support: this is
/// defense in depth behind the checks of input. Returns the features used. Call once, before starting other threads
/// that must be confined.
SandboxFeatures drop_privileges(const Rights& rights);

/// Runs `work` with all privileges, such as to start a program, and waits for it: in a thread that `drop_privileges`
/// with Network::Any started before, else in this one. Throws what `work` throws.
void with_all_privileges(const std::function<void()>& work);

}  // namespace ociferry
