#include "containerd.hpp"

#include <thread>

namespace ociferry::testing {

Containerd::Containerd() {
  // No networks, no devices, no snapshots but plain directories.
  write_text(path("config.toml"),
             "version = 2\n"
             "disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.snapshotter.v1.btrfs\", "
             "\"io.containerd.snapshotter.v1.zfs\", \"io.containerd.snapshotter.v1.devmapper\", "
             "\"io.containerd.snapshotter.v1.aufs\", \"io.containerd.snapshotter.v1.overlayfs\", "
             "\"io.containerd.internal.v1.opt\"]\n");
  process_.emplace(Program{.arguments = {"containerd", "--config", path("config.toml"), "--root", path("root"),
                                         "--state", path("state"), "--address", path("containerd.sock")}});
  while (process_->running() && run(ctr({"version"})).exit_code != 0) std::this_thread::yield();
}

Program Containerd::ctr(const Words& arguments) const {
  Words words{"ctr", "--address", path("containerd.sock")};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return {.arguments = words};
}

}  // namespace ociferry::testing
