#pragma once

#include <memory>
#include <utility>

#include "http/transport.hpp"
#include "ociferry/jobs.hpp"

namespace ociferry {

/// Passes requests on, and tells `jobs` how long the answers to small questions take, so that many are asked side by
/// side from the start where each takes long. Thread-safe.
class TimedTransport : public Transport {
 public:
  TimedTransport(std::shared_ptr<Transport> inner, Jobs jobs) : inner_(std::move(inner)), jobs_(std::move(jobs)) {}

  [[nodiscard]] Response send(const Request& request, std::stop_token stop) override;

 private:
  std::shared_ptr<Transport> inner_;
  Jobs jobs_;
};

}  // namespace ociferry
