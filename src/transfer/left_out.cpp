#include <utility>

#include "transfer/graph.hpp"

// What a graph does not carry, since the receiver has it.

namespace ociferry {

void Graph::leave_out(const Digest& blob, LeftOut what) {
  if (blobs_.contains(blob)) left_out_.insert_or_assign(blob, std::move(what));
}

void Graph::provide(const Digest& blob, std::shared_ptr<BlobSource> source) {
  blobs_.at(blob).source = std::move(source);
  left_out_.erase(blob);
}

/// Before anything else of `other` is added.
void Graph::join_left_out(const Graph& other) {
  for (auto& [digest, what] : left_out_) {
    const auto theirs = other.left_out_.find(digest);
    if (theirs == other.left_out_.end()) continue;
    what.in.insert(theirs->second.in.begin(), theirs->second.in.end());
    what.builds_on.insert(theirs->second.builds_on.begin(), theirs->second.builds_on.end());
  }
  for (const auto& [digest, what] : other.left_out_) {
    if (!blobs_.contains(digest)) left_out_.emplace(digest, what);
  }
  for (const auto& [digest, blob] : other.blobs_) {
    if (left_out_.contains(digest) && !other.left_out_.contains(digest)) provide(digest, blob.source);
  }
}

void Graph::drop_unused_left_out() {
  std::erase_if(left_out_, [&](const auto& one) { return !blobs_.contains(one.first); });
}

}  // namespace ociferry
