#pragma once

#include "ociferry/error.hpp"

namespace ociferry {

/// Returns what `work` returns, which reads an archive. Turns Error{NotFound}, by which any store reports a missing
/// blob, into Error{Incomplete}: an archive must have all its blobs.
template <typename Work>
auto reading_archive(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound) throw;
    Error incomplete(ErrorCode::Incomplete, error.message());
    for (const std::string& context : error.context()) incomplete.while_doing(context);
    throw std::move(incomplete).hint(error.hint_text());
  }
}

}  // namespace ociferry
