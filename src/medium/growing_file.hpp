#pragma once

#include <filesystem>

#include "base/fd.hpp"
#include "medium/writable_medium.hpp"

namespace ociferry {

/// A file that takes `bytes` bytes, from its beginning on: its length tells how many of them are there. With
/// `allow_holes`, the first hole does.
class GrowingFile : public WritableMedium {
 public:
  /// Opens or makes it, for this user alone. One that is longer than `bytes` is emptied. Throws Error{Io}.
  GrowingFile(const std::filesystem::path& path, std::uint64_t bytes);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  void write_at(std::uint64_t offset, Bytes bytes) override;
  [[nodiscard]] std::uint64_t written_until(std::uint64_t offset) const override;

  /// Sets room aside for all bytes; the length stays. Throws Error{Space}, Error{Io}.
  void reserve();
  /// Gives the file its whole length, so that bytes can be written ahead of a hole that begins at `end`. False if the
  /// file system does not show that hole: then the file ends at `end`, for its length must go on telling what is there.
  /// Throws Error{Io}, Error{Space}.
  [[nodiscard]] bool allow_holes(std::uint64_t end);

 private:
  void resize(std::uint64_t size);

  std::string name_;
  std::uint64_t bytes_;
  UniqueFd fd_;
};

}  // namespace ociferry
