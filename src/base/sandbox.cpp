#include "base/sandbox.hpp"

#include <memory>

#include "base/kept_thread.hpp"
#include "base/landlock.hpp"
#include "base/seccomp.hpp"

namespace ociferry {

namespace {

/// The one thread that keeps all privileges; a confined process cannot start another one.
std::unique_ptr<KeptThread>& kept_thread() {
  static std::unique_ptr<KeptThread> thread;
  return thread;
}

}  // namespace

SandboxFeatures sandbox_features() noexcept { return {.landlock = landlock_version(), .seccomp = has_seccomp()}; }

SandboxFeatures drop_privileges(const Rights& rights) {
  const bool has_network = rights.network == Rights::Network::Any;
  if (has_network && !kept_thread()) kept_thread() = std::make_unique<KeptThread>();
  SandboxFeatures used;
  if (restrict_by_landlock(rights)) used.landlock = landlock_version();
  used.seccomp = filter_system_calls(rights);
  return used;
}

void with_all_privileges(const std::function<void()>& work) {
  if (kept_thread()) {
    kept_thread()->run(work);
  } else {
    work();
  }
}

}  // namespace ociferry
