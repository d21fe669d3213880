#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "layout/compact/base_contents.hpp"
#include "layout/compact/compact_format.hpp"
#include "layout/compact/content_finder.hpp"

namespace ociferry::compact {

/// The contents that occur repeatedly in the layers of an archive or are in the base, and where the reader keeps them.
class SharedContents {
 public:
  /// First, for all layers in their order: counts.
  void count(const std::vector<FoundContent>& contents);
  /// Then: how many bytes are kept.
  [[nodiscard]] std::uint64_t kept_bytes() const;
  /// The kept bytes of the base come first. `base` must outlive this.
  void set_base(const BaseContents::Taken& base) {
    base_ = &base;
    kept_ = base.kept_bytes;
  }
  /// Drops those that neither occur again nor are made from the base.
  void keep_repeated(std::vector<FoundContent>& contents) const;

  /// Then, for all layers in their order, piece by piece: the steps that give the `size` bytes of a layer from `offset`
  /// on. `contents`: of the layer, repeated ones only; `next`: the first of them that ends behind `offset`, which is
  /// moved on.
  [[nodiscard]] std::vector<Step> steps(const std::vector<FoundContent>& contents, std::size_t& next,
                                        std::uint64_t offset, std::uint64_t size);

 private:
  [[nodiscard]] std::vector<Step> base_steps(const FoundContent& found, std::uint64_t at, std::uint64_t until) const;
  void add_shared(const FoundContent& found, std::uint64_t at, std::uint64_t until, std::vector<Step>& steps);

  struct Content {
    std::uint64_t size = 0;
    bool is_repeated = false;
    std::optional<std::uint64_t> kept_at = {};
  };

  std::unordered_map<ContentKey, Content, HashOfContentKey> contents_;
  const BaseContents::Taken* base_ = nullptr;
  std::uint64_t kept_ = 0;
  bool is_first_ = false;  ///< the content that the last piece ended within comes for the first time
};

}  // namespace ociferry::compact
