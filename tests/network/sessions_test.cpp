#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "ferry/gather/timed_transport.hpp"
#include "nginx.hpp"
#include "tls_registry.hpp"

// A TLS session is made once for each host, and all connections resume it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::chrono::seconds kLong{20};

/// Holds requests for layers up until this many are there at the same time: then so many connections are.
class Crowd {
 public:
  explicit Crowd(std::size_t enough) : enough_(enough) {}

  void begin_again() {
    const std::lock_guard lock(mutex_);
    configuration_seen_ = false;
    waiting_ = 0;
  }
  std::optional<HttpReply> operator()(const HttpRequest& request) {
    std::unique_lock lock(mutex_);
    if (!has(request.path, "/blobs/") || !std::exchange(configuration_seen_, true)) return std::nullopt;
    if (++waiting_ >= enough_) together_.notify_all();
    together_.wait_for(lock, kLong, [&] { return waiting_ >= enough_; });
    return std::nullopt;
  }

 private:
  std::size_t enough_;
  std::mutex mutex_;
  std::condition_variable together_;
  bool configuration_seen_ = false;  // the first blob, which is read before all layers
  std::size_t waiting_ = 0;
};

/// Whether each connection resumed a session, by its number.
std::map<std::string, bool> resumed_by_connection(const std::vector<HttpRequest>& requests) {
  std::map<std::string, bool> connections;
  for (const HttpRequest& request : requests) {
    const std::string connection = request.headers.find(Nginx::kConnection).value_or("");
    connections[connection] = request.headers.find(Nginx::kResumed) == "r";
  }
  return connections;
}

}  // namespace

TEST_CASE("all connections to a host resume the first one's TLS session") {
  if (lacks({"openssl", "nginx"})) return;
  constexpr std::size_t kJobs = 24;
  Crowd crowd(kJobs);
  FakeRegistry registry;
  add_image(registry, kJobs);
  registry.intercept = std::ref(crowd);
  HttpServer upstream(registry.handler());
  const TempDirectory directory = temp_directory();
  const TlsIdentity identity = make_tls_identity(directory.path());
  const Ociferry ociferry(OCIFERRY_BINARY);
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    CAPTURE(version);
    const Nginx nginx(identity, upstream.origin(), version);
    crowd.begin_again();
    upstream.forget_requests();
    const Outcome outcome =
        ociferry.run({"export", "-i", TlsRegistry::image_at(nginx.host()), "-o", version + ".tar", "--jobs",
                      std::to_string(kJobs), "--registry-ca-cert-path", identity.authority.string()});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    const auto connections = resumed_by_connection(upstream.requests());
    CHECK(connections.size() >= kJobs);
    // Tickets of TLS 1.3 come behind the handshake, so where the first answer takes long, the connections that are
    // opened meanwhile begin before there is one; and on a busy machine perhaps one more.
    const auto full = std::ranges::count(connections, false, &std::pair<const std::string, bool>::second);
    CHECK(full >= 1);
    CHECK(full <= 2 + static_cast<std::ptrdiff_t>(TimedTransport::kOpenedAhead));
  }
}
