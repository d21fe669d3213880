#include "support/http_server.hpp"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>

namespace ociferry::testing {

class HttpServer::Impl {
 public:
  Impl(HttpHandler handler, std::optional<ServerCertificate> identity)
      : handler_(std::move(handler)), identity_(std::move(identity)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    constexpr unsigned kThreads = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION;
    daemon_ = identity_ ? start(kThreads | MHD_USE_TLS, address, MHD_OPTION_HTTPS_MEM_CERT,
                                identity_->certificate.c_str(), MHD_OPTION_HTTPS_MEM_KEY, identity_->key.c_str())
                        : start(kThreads, address);
    if (daemon_ == nullptr) throw std::runtime_error("the test's HTTP server cannot listen");
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    ended_.notify_all();
    MHD_stop_daemon(daemon_);
  }

  [[nodiscard]] bool speaks_tls() const { return identity_.has_value(); }
  [[nodiscard]] std::uint16_t port() const { return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port; }
  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
  }

 private:
  /// The body of one reply while it is sent.
  struct Sending {
    Impl* server = nullptr;
    HttpReply reply;
  };

  template <typename... More>
  MHD_Daemon* start(unsigned flags, const sockaddr_in& address, More... more) {
    return MHD_start_daemon(flags, 0, nullptr, nullptr, &Impl::on_request, this, MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_NOTIFY_COMPLETED, &Impl::on_completed, this, MHD_OPTION_NOTIFY_CONNECTION,
                            &Impl::on_connection, this, more..., MHD_OPTION_END);
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* /*version*/, const char* data, std::size_t* size, void** state) {
    if (*state == nullptr) {
      *state = new HttpRequest{method, url, {}, {}, {}};
      return MHD_YES;
    }
    auto& request = *static_cast<HttpRequest*>(*state);
    if (*size > 0) {
      request.body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    return static_cast<Impl*>(self)->answer(connection, request);
  }

  static void on_completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    delete static_cast<HttpRequest*>(*state);
    *state = nullptr;
  }

  static void on_connection(void* self, MHD_Connection*, void**, MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) ++static_cast<Impl*>(self)->connections_;
  }

  static MHD_Result add_header(void* out, MHD_ValueKind, const char* name, const char* value) {
    static_cast<HttpRequest*>(out)->headers.add(name, value == nullptr ? "" : value);
    return MHD_YES;
  }

  static MHD_Result add_parameter(void* out, MHD_ValueKind, const char* name, const char* value) {
    static_cast<HttpRequest*>(out)->parameters.emplace(name, value == nullptr ? "" : value);
    return MHD_YES;
  }

  MHD_Result answer(MHD_Connection* connection, HttpRequest& request) {
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_parameter, &request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const HttpReply reply = handler_(request);
    if (reply.drop) return MHD_NO;
    MHD_Response* const response = response_for(reply);
    for (const auto& [name, value] : reply.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
    const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
    MHD_destroy_response(response);
    return queued;
  }

  MHD_Response* response_for(const HttpReply& reply) {
    if (reply.break_after || reply.stall) {
      return MHD_create_response_from_callback(reply.body.size(), 4096, &Impl::send_some, new Sending{this, reply},
                                               [](void* sending) { delete static_cast<Sending*>(sending); });
    }
    return MHD_create_response_from_buffer(reply.body.size(), const_cast<char*>(reply.body.data()),
                                           MHD_RESPMEM_MUST_COPY);
  }

  static ssize_t send_some(void* state, std::uint64_t position, char* buffer, std::size_t room) {
    auto& sending = *static_cast<Sending*>(state);
    const std::size_t end = std::min(sending.reply.break_after.value_or(0), sending.reply.body.size());
    if (position >= end) {
      if (sending.reply.stall) sending.server->wait_for_end();
      return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    const std::size_t count = std::min<std::size_t>(room, end - position);
    std::memcpy(buffer, sending.reply.body.data() + position, count);
    return static_cast<ssize_t>(count);
  }

  void wait_for_end() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return ending_; });
  }

  HttpHandler handler_;
  std::optional<ServerCertificate> identity_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::atomic<std::size_t> connections_{0};
  std::vector<HttpRequest> requests_;
  MHD_Daemon* daemon_ = nullptr;
};

HttpServer::HttpServer(HttpHandler handler) : impl_(std::make_unique<Impl>(std::move(handler), std::nullopt)) {}
HttpServer::HttpServer(HttpHandler handler, ServerCertificate certificate)
    : impl_(std::make_unique<Impl>(std::move(handler), std::move(certificate))) {}
HttpServer::~HttpServer() = default;
std::uint16_t HttpServer::port() const { return impl_->port(); }
std::string HttpServer::host() const { return "127.0.0.1:" + std::to_string(port()); }
std::string HttpServer::origin() const { return (impl_->speaks_tls() ? "https://" : "http://") + host(); }
std::vector<HttpRequest> HttpServer::requests() const { return impl_->requests(); }
void HttpServer::forget_requests() { impl_->forget_requests(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }

}  // namespace ociferry::testing
