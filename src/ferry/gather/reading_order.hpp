#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "ferry/gather/load_archives.hpp"
#include "ociferry/ferry.hpp"
#include "transfer/graph.hpp"

namespace ociferry {

/// The order in which archives are read if somebody must bring their volumes: by it, and one blob at a time, each
/// volume is asked for once. By default, and where all volumes are at hand, any order will do.
class ReadingOrder {
 public:
  ReadingOrder() = default;
  explicit ReadingOrder(const std::vector<ArchiveToVerify>& archives);

  [[nodiscard]] bool matters() const noexcept { return !places_.empty(); }
  /// `context` with one job, if it matters.
  [[nodiscard]] Context one_at_a_time(const Context& context) const;
  /// Puts blobs into that order, if it matters; first those that are in none of the archives.
  void sort(std::vector<const Graph::BlobNode*>& blobs) const;

 private:
  std::map<Digest, std::size_t> places_;
};

}  // namespace ociferry
