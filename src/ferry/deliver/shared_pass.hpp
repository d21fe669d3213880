#pragma once

#include <exception>
#include <vector>

#include "ferry/gather/reading_order.hpp"
#include "ociferry/ferry.hpp"
#include "store/store.hpp"
#include "transfer/graph.hpp"

namespace ociferry {

/// A blob that a destination lacks. Neither may be null.
struct BlobToPut {
  const Graph::BlobNode* blob = nullptr;
  BlobTarget* target = nullptr;
};

/// Puts blobs into several destinations in one pass over their common source, so that each is read once. A destination
/// that fails gets no further blobs, and does not stop the others. Returns the first failure of each destination, null
/// for success. Throws Error{Interrupted}. Blocks.
[[nodiscard]] std::vector<std::exception_ptr> put_in_one_pass(const std::vector<std::vector<BlobToPut>>& destinations,
                                                              const Context& context, const ReadingOrder& order = {});

}  // namespace ociferry
