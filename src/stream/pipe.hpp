#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "stream/stream.hpp"

namespace ociferry {

/// Turns a producer that writes into a sink into a stream that can be read: `produce` runs on a thread of its own
/// and is held back when the reader is slow (at most 1 MiB waits between them). An exception from `produce` is
/// thrown by `read`. Throws Error{Io} if the system gives no thread. Destroying the stream early makes the next write
/// in `produce` throw, and waits for it to end.
[[nodiscard]] std::unique_ptr<ByteSource> make_pipe(std::function<void(ByteSink&, std::stop_token)> produce,
                                                    std::stop_token stop);

}  // namespace ociferry
