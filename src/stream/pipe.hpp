#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "stream/stream.hpp"

namespace ociferry {

/// Turns a producer that writes into a sink into a stream that can be read: `produce` runs on a thread of its own
/// and blocks when the reader is slow (the buffer has 1 MiB). An exception from `produce` is
/// thrown by `read`. Throws Error{Io} if no thread can be started. Destroying the stream early makes the next write
/// in `produce` throw, and waits for it to end.
[[nodiscard]] std::unique_ptr<ByteSource> make_pipe(std::function<void(ByteSink&, std::stop_token)> produce,
                                                    std::stop_token stop);

}  // namespace ociferry
