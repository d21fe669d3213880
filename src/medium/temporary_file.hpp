#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "medium/medium.hpp"

namespace ociferry {

/// A file without a name: takes a stream, and is then a medium. It is gone when it is closed, whatever happens.
class TemporaryFile : public ByteSink {
 public:
  /// Makes it in `directory`; `name` is what messages about writing call it. Throws Error{Io}, Error{Space}.
  TemporaryFile(const std::filesystem::path& directory, std::string name);

  /// Throws Error{Space} if `bytes` bytes are known not to fit; `what` is what they are, as in "the unpacked archive".
  void check_room(std::uint64_t bytes, const std::string& what) const;
  /// Appends. Throws Error{Space}, Error{Io}.
  void write(Bytes bytes) override;
  /// What was written. `name` is what messages about reading call it. Nothing can be written afterwards.
  [[nodiscard]] std::unique_ptr<Medium> finish(std::string name) &&;

 private:
  std::filesystem::path directory_;
  std::string name_;
  UniqueFd fd_;
};

}  // namespace ociferry
