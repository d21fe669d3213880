#pragma once

#include <memory>

#include "http/peer.hpp"
#include "http/transport.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/registry_options.hpp"

namespace ociferry {

/// What `make_transport` makes; it tells `observe_peer` of each connection.
[[nodiscard]] std::shared_ptr<Transport> make_observed_transport(const RegistryOptions& options, Progress& progress,
                                                                 PeerObserver observe_peer);

}  // namespace ociferry
