#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "medium/medium.hpp"

namespace ociferry {

/// What is left of an archive or its parity: files at offsets, with gaps between them, and shorter or longer than they
/// should be. Unlike other media it does not promise its bytes: use read_what_is_there().
class PatchworkMedium : public Medium {
 public:
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;                     ///< that it should have
    std::string name = {};                      ///< for messages
    std::shared_ptr<const Medium> medium = {};  ///< null: lost
  };
  /// `pieces`: sorted, none overlapping.
  PatchworkMedium(std::string name, std::uint64_t size, std::vector<Piece> pieces);

  [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  /// Throws Error{Incomplete} if some of these bytes are nowhere.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  void done_with(std::uint64_t offset, std::uint64_t size) const noexcept override;
  [[nodiscard]] const std::string& name_at(std::uint64_t offset) const noexcept override;

 private:
  [[nodiscard]] const Piece* piece_at(std::uint64_t offset) const noexcept;

  std::string name_;
  std::uint64_t size_;
  std::vector<Piece> pieces_;
};

/// False if some of these bytes cannot be read, whatever the reason.
[[nodiscard]] bool read_what_is_there(const Medium& medium, std::uint64_t offset, MutableBytes buffer);

}  // namespace ociferry
