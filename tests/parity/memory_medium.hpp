#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "medium/writable_medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

/// A medium in memory, with places that cannot be read.
class MemoryMedium : public WritableMedium {
 public:
  explicit MemoryMedium(std::string bytes = {}) : bytes_(std::move(bytes)) {}
  explicit MemoryMedium(std::uint64_t size) : bytes_(static_cast<std::size_t>(size), '\0') {}

  [[nodiscard]] std::string& bytes() noexcept { return bytes_; }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  /// From now on, reading any of these bytes fails.
  void make_unreadable(std::uint64_t offset, std::uint64_t size) { unreadable_.emplace_back(offset, size); }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    for (const auto& [from, size] : unreadable_) {
      if (offset < from + size && from < offset + buffer.size()) throw Error(ErrorCode::Io, "a bad sector");
    }
    if (offset >= bytes_.size()) return 0;
    const std::size_t got = std::min<std::size_t>(buffer.size(), bytes_.size() - offset);
    std::ranges::copy(as_bytes(bytes_).subspan(offset, got), buffer.begin());
    return got;
  }
  void write_at(std::uint64_t offset, Bytes bytes) override {
    if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
    std::ranges::copy(as_text(bytes), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  [[nodiscard]] std::uint64_t written_until(std::uint64_t /*offset*/) const override { return bytes_.size(); }

 private:
  std::string name_ = "memory";
  std::string bytes_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unreadable_ = {};
};

}  // namespace ociferry::testing
