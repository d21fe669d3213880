#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "http/transport.hpp"
#include "ociferry/jobs.hpp"

namespace ociferry {

/// Whether a command sends few requests to a registry, one after the other, or many, side by side.
enum class Traffic { Few, Many };

/// Passes requests on, and tells `jobs` how long the answers to small questions take, so that many are asked side by
/// side from the start where each takes long. With Traffic::Many, some connections to such a registry are opened before
/// they are needed, since to open one takes as long as two answers: once it has not answered its first question for
/// `kPatience`, or has taken long for two. Each asks for the API's root. Thread-safe.
class TimedTransport : public Transport {
 public:
  TimedTransport(std::shared_ptr<Transport> inner, Jobs jobs, Traffic traffic);
  TimedTransport(const TimedTransport&) = delete;
  TimedTransport& operator=(const TimedTransport&) = delete;
  /// Ends what it asks itself, which can take a second where a host does not answer.
  ~TimedTransport() override;

  [[nodiscard]] Response send(const Request& request, std::stop_token stop) override;

  /// Connections to a host, besides the first: uploads of large blobs begin with so many and one.
  static constexpr std::size_t kOpenedAhead = 7;
  static constexpr std::chrono::milliseconds kPatience{100};  ///< with the first answer, which opens a connection

 private:
  struct Host {
    bool is_asked = false;
    std::size_t answers = 0;
    std::chrono::nanoseconds shortest{0};  ///< of the times that they took
    bool is_opened_ahead = false;
  };

  [[nodiscard]] bool is_first(const Origin& origin);
  [[nodiscard]] bool takes_long(const Origin& origin, std::chrono::nanoseconds answer);
  void open_ahead(const Url& place);

  std::shared_ptr<Transport> inner_;
  Jobs jobs_;
  Traffic traffic_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::map<Origin, Host> hosts_;
  std::vector<std::jthread> questions_;  // last: they use the rest
};

}  // namespace ociferry
