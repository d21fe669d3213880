#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "medium/medium.hpp"

namespace ociferry {

/// Several media that are read as one sequence of bytes. Each is opened when it is needed; a limited number stays open.
class VolumeMedium : public Medium {
 public:
  /// One of them.
  struct Part {
    std::string name;  ///< for messages
    std::uint64_t size = 0;
    bool is_there = true;  ///< false: not seen yet
  };
  /// Opens part `index`, from 0 on; null is not allowed. Called by one thread at a time. May block until the part is
  /// there. Throws Error.
  using Open = std::function<std::unique_ptr<Medium>(std::size_t index)>;

  /// `most_open`: 1 if only one can be there at a time.
  VolumeMedium(std::string name, std::vector<Part> parts, Open open, std::size_t most_open = kMostOpen);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return ends_.empty() ? 0 : ends_.back(); }
  /// Opens parts, and so may block until they are there.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  void done_with(std::uint64_t offset, std::uint64_t size) const noexcept override;
  [[nodiscard]] const std::string& name_at(std::uint64_t offset) const noexcept override;
  [[nodiscard]] std::uint64_t begin_at(std::uint64_t offset) const noexcept override {
    return offset < size() ? begin_of(part_at(offset)) : 0;
  }
  [[nodiscard]] std::uint64_t end_at(std::uint64_t offset) const override {
    return offset < size() ? ends_[part_at(offset)] : size();
  }
  [[nodiscard]] bool is_at_hand(std::uint64_t offset, std::uint64_t size) const override;

  static constexpr std::size_t kMostOpen = 64;

 private:
  struct OpenPart {
    std::size_t index;
    std::shared_ptr<Medium> medium;
  };

  /// The part that has the byte at `offset`, which is below size().
  [[nodiscard]] std::size_t part_at(std::uint64_t offset) const noexcept;
  [[nodiscard]] std::uint64_t begin_of(std::size_t index) const noexcept { return index == 0 ? 0 : ends_[index - 1]; }
  [[nodiscard]] std::shared_ptr<Medium> medium_of(std::size_t index) const;

  std::string name_;
  std::vector<std::uint64_t> ends_;
  Open open_;
  std::size_t most_open_;
  mutable std::mutex mutex_;
  mutable std::vector<Part> parts_;
  mutable std::list<OpenPart> open_parts_;  ///< used last: first
};

}  // namespace ociferry
