#include "base/stop.hpp"

#include "ociferry/error.hpp"

namespace ociferry {

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
}

}  // namespace ociferry
