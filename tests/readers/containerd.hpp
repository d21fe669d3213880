#pragma once

#include <optional>
#include <string>

#include "support/process.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

/// A containerd of its own that keeps images and does nothing else, with its state in a temporary directory. Needs
/// root, since it mounts what it unpacks. Ends with the object.
class Containerd {
 public:
  /// Starts it, and waits until it answers or has ended.
  Containerd();

  /// `ctr ARGUMENTS`
  [[nodiscard]] Program ctr(const Words& arguments) const;

 private:
  [[nodiscard]] std::string path(const char* name) const { return (directory_.path() / name).string(); }

  TempDirectory directory_ = temp_directory();
  std::optional<Process> process_;
};

}  // namespace ociferry::testing
