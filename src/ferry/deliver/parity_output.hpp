#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "medium/writable_medium.hpp"
#include "ociferry/parity.hpp"

namespace ociferry {

/// Removes partial files when it is destroyed, unless they have got their names: of parity and of a repaired archive
/// nothing can be gone on with.
class DiscardedPartials {
 public:
  /// `outputs`: the final names. Make it after the partial files are locked.
  explicit DiscardedPartials(std::vector<std::filesystem::path> outputs) : outputs_(std::move(outputs)) {}
  DiscardedPartials(const DiscardedPartials&) = delete;
  DiscardedPartials& operator=(const DiscardedPartials&) = delete;
  ~DiscardedPartials();

  void release() noexcept { outputs_.clear(); }

 private:
  std::vector<std::filesystem::path> outputs_;
};

/// Throws Error{Usage} if `file` or its partial file holds something that `is_ours` does not know, unless `force`.
void check_may_replace(const std::filesystem::path& file, bool force, bool (*is_ours)(const Medium&),
                       std::string_view what);

/// Parity that is written: a file, or volumes.
class ParityOutput {
 public:
  /// Checks what is there under its names. `output`: OUT.parity. Throws Error{Usage} if files would be replaced that
  /// are no parity, unless `force`.
  ParityOutput(std::filesystem::path output, bool force);

  /// Has it written by `write`, and gives it its name. On any Error nothing of it is left. Returns its files.
  std::vector<std::filesystem::path> write(std::uint64_t bytes, std::uint64_t volume_bytes,
                                           const std::function<void(OutputMedium&)>& write) const;

 private:
  std::filesystem::path output_;
  std::filesystem::path directory_;
  std::string name_;
};

}  // namespace ociferry
