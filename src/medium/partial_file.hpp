#pragma once

#include <filesystem>
#include <optional>

#include "base/fd.hpp"
#include "medium/page_cache.hpp"
#include "medium/writable_medium.hpp"

namespace ociferry {

/// The file that an archive becomes. It is called "<archive>.partial" until it is published, and locked for as long as
/// it is open.
class PartialFile : public OutputMedium {
 public:
  /// Opens the partial file of `archive`, or makes it. Throws Error{Busy} if another process has locked it, Error{Io}
  /// also if something else has its name.
  explicit PartialFile(std::filesystem::path archive);

  /// The name of the partial file.
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  void write_at(std::uint64_t offset, Bytes bytes) override;
  [[nodiscard]] std::uint64_t written_until(std::uint64_t offset) const override;

  /// Throws Error{Space} if the file system has no room for so many bytes, does not take files of that size, or the
  /// user's quota ends before; then no empty file is left.
  void reserve(std::uint64_t bytes, Existing existing) override;
  void sync() override;
  [[nodiscard]] std::unique_ptr<Medium> reopen(DeviceReader* device) const override;
  using OutputMedium::reopen;
  void publish() override;

  /// The name of the partial file of `archive`.
  [[nodiscard]] static std::filesystem::path path_for(const std::filesystem::path& archive);

 private:
  void check_room(std::uint64_t bytes) const;
  void remove() const;

  std::filesystem::path archive_;
  std::filesystem::path partial_;
  std::string name_;
  UniqueFd fd_;
  std::optional<PageCacheHints> hints_;
};

}  // namespace ociferry
