#pragma once

#include "ociferry/error.hpp"

namespace ociferry {

/// What `work` returns, which reads an archive. A store says that it does not have something, Error{NotFound}; what is
/// not in an archive cannot be found anywhere else, so that becomes Error{Incomplete}.
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
