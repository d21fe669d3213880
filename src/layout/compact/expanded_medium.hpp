#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "medium/kept_bytes.hpp"
#include "medium/medium.hpp"
#include "stream/stream.hpp"

namespace ociferry::compact {

/// The plain archive of a compact one, as a medium that is read by position: as far as it is needed it is expanded, and
/// kept in memory or in a temporary file.
class ExpandedMedium : public Medium {
 public:
  /// `reader` gives the `size` bytes of the plain archive.
  ExpandedMedium(std::unique_ptr<ByteSource> reader, std::uint64_t size, std::string name,
                 const std::filesystem::path& temporary_directory);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  /// Expands up to these bytes first. Throws what the reader throws, every time, and Error{Space}.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  /// False for bytes that were not expanded yet: to look at headers is no reason to do it.
  [[nodiscard]] bool is_at_hand(std::uint64_t offset, std::uint64_t size) const override;

 private:
  void expand_to(std::uint64_t offset) const;

  std::string name_;
  std::uint64_t size_;
  mutable std::mutex mutex_;
  mutable KeptBytes expanded_;
  mutable std::exception_ptr failure_;
  std::unique_ptr<ByteSource> reader_;
};

}  // namespace ociferry::compact
