#include "http/curl_transport.hpp"

#include <curl/curl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <set>

#include "base/context.hpp"
#include "base/fd.hpp"
#include "base/stop.hpp"
#include "base/system_calls.hpp"
#include "base/text.hpp"
#include "http/curl_callbacks.hpp"
#include "http/curl_failure.hpp"
#include "http/curl_handles.hpp"
#include "http/exchange_log.hpp"
#include "http/host_certificates.hpp"
#include "http/tls_options.hpp"

namespace ociferry {

namespace {

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// Keeps SIGPIPE from this thread: the TLS library may write to a connection that the peer has closed.
class SigpipeBlock {
 public:
  SigpipeBlock() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;
  ~SigpipeBlock() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

/// The C library resolves names on another thread, with files and sockets whose errors are not reported. Throws Error
/// if there are no more file descriptors, the most likely cause.
void check_shortage(const Request& request, int code) {
  if (code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_RESOLVE_PROXY) return;
  const UniqueFd one(calls::socket(AF_INET, SOCK_DGRAM, 0));
  const UniqueFd other(one ? calls::socket(AF_INET, SOCK_DGRAM, 0) : -1);
  if (other) return;
  if (const auto error = shortage(request, errno)) throw *error;
}

/// `store` is null if certificates are not verified.
CURLcode tls_callback(CURL*, void* tls_context, void* store) noexcept {
  set_tls_options(*static_cast<ssl_ctx_st*>(tls_context));
  if (store == nullptr) return CURLE_OK;
  return static_cast<TrustStore*>(store)->attach(tls_context) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK) {
    throw Error(ErrorCode::Internal,
                text::cat("libcurl does not take option ", static_cast<int>(option), ": ", curl_easy_strerror(code)));
  }
}

template <typename Value>
Value info(CURL* handle, CURLINFO what) {
  Value value{};
  return curl_easy_getinfo(handle, what, &value) == CURLE_OK ? value : Value{};
}

TransportError no_answer(const std::string& what, bool is_transient) {
  TransportError error(TransportError::Kind::Broken, what + "no answer within the response header time-out");
  error.hint("--registry-response-header-timeout gives the server more time").transient(is_transient);
  return error;
}

std::string request_line(const Request& request) { return text::cat(request.method, " ", request.url.shown(), ": "); }

CurlFailure failure_of(CURL* handle, CURLcode code, std::string_view why) {
  return {.code = code,
          .why = why.empty() ? curl_easy_strerror(code) : why,
          .connect_status = static_cast<int>(info<long>(handle, CURLINFO_HTTP_CONNECTCODE)),
          .verify_result = info<long>(handle, CURLINFO_SSL_VERIFYRESULT)};
}

std::vector<PeerCertificate> certificates_of(CURL* handle) {
  std::vector<PeerCertificate> chain;
  const auto* const told = info<curl_certinfo*>(handle, CURLINFO_CERTINFO);
  for (int i = 0; told != nullptr && i < told->num_of_certs; ++i) {
    std::vector<std::string_view> members;
    for (const curl_slist* one = told->certinfo[i]; one != nullptr; one = one->next) members.emplace_back(one->data);
    chain.push_back(read_certificate(members));
  }
  return chain;
}

/// The peer of the connection that the last request of `handle` has opened.
Peer peer_of(CURL* handle, bool is_proxy) {
  const char* const ip = info<char*>(handle, CURLINFO_PRIMARY_IP);
  const std::string host = ip == nullptr ? "" : ip;
  const bool is_v6 = host.find(':') != std::string::npos;
  const auto connected = info<curl_off_t>(handle, CURLINFO_CONNECT_TIME_T);
  const auto secured = info<curl_off_t>(handle, CURLINFO_APPCONNECT_TIME_T);  // 0 without TLS
  return {.address = text::cat(is_v6 ? "[" : "", host, is_v6 ? "]:" : ":", info<long>(handle, CURLINFO_PRIMARY_PORT)),
          .is_proxy = is_proxy,
          .is_http2 = info<long>(handle, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0,
          .connect_time = std::chrono::microseconds(std::max(connected, secured)),
          .certificates = certificates_of(handle)};
}

/// True if the server requires another client certificate (RFC 8446, section 6.2).
bool refuses_our_certificate(std::string_view why) {
  return why.find("alert certificate required") != std::string_view::npos ||
         why.find("alert bad certificate") != std::string_view::npos;
}

}  // namespace

class CurlTransport::Impl {
 public:
  Impl(TransportOptions options, Progress& progress)
      : options_(std::move(options)),
        progress_(progress),
        certificates_({.authorities = options_.ca_cert_paths,
                       .directories = options_.certificate_directories,
                       .built_in = curl_version_info(CURLVERSION_NOW)->cainfo}) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialised != CURLE_OK) throw Error(ErrorCode::Internal, "libcurl cannot be initialised");
  }

  Response send(const Request& request, std::stop_token stop) {
    throw_if_stopped(stop);
    const auto begun = std::chrono::steady_clock::now();
    const auto proxy = proxy_of(request);
    const ExchangeLog log(progress_, ++exchanges_);
    log.request(request, options_.user_agent, proxy ? proxy->url : "");
    CurlExchange exchange(request,
                          {options_.response_header_timeout + request.extra_response_time, options_.stall_timeout},
                          proxy ? CurlExchange::Loopback::Unseen : loopback_rule(request), stop);
    std::array<char, CURL_ERROR_SIZE> why{};  // outlives the handle, which refers to it
    const Origin& origin = request.url.origin();
    CurlHandles::Use handle = request.opens_connection ? handles_.open(origin) : handles_.take(origin, stop);
    const CURLcode code = perform(handle.get(), request, proxy, exchange, why);
    note_place(request, exchange);
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    if (code != CURLE_OK) {
      log.failure(curl_easy_strerror(code), time);
      CurlFailure failure = failure_of(handle.get(), code, why.data());
      failure.passes_over_proxy = !proxy && options_.proxies.has_all_proxy();
      const bool changed = change_version(request.url.origin(), failure);
      if (changed && code == CURLE_SSL_CONNECT_ERROR) return send(request, stop);  // nothing was sent yet
      fail(request, exchange, failure);
    }
    if (options_.observe_peer && info<long>(handle.get(), CURLINFO_NUM_CONNECTS) > 0) {
      options_.observe_peer(peer_of(handle.get(), proxy.has_value()));
    }
    handle.give_back();
    log.response(exchange.response(), time);
    // Only proxies send 407 (RFC 9110, section 15.5.8).
    if (exchange.response().status == 407) throw proxy_wants_credentials(request_line(request));
    return exchange.take_response();
  }

 private:
  std::optional<Proxy> proxy_of(const Request& request) const {
    const auto doing = [&] { return text::cat(request.method, " ", request.url.shown()); };
    return with_context(doing, [&] { return options_.proxies.proxy_for(request.url.origin()); });
  }

  /// A server may redirect to a loopback address only if it is on loopback itself: by its name, or because the user's
  /// name for it resolved to loopback.
  CurlExchange::Loopback loopback_rule(const Request& request) {
    if (!request.sent_by || is_loopback(*request.sent_by)) return CurlExchange::Loopback::Allowed;
    const std::lock_guard lock(mutex_);
    return loopback_hosts_.contains(*request.sent_by) ? CurlExchange::Loopback::Allowed
                                                      : CurlExchange::Loopback::Refused;
  }

  void note_place(const Request& request, const CurlExchange& exchange) {
    if (request.sent_by || !exchange.is_at_loopback()) return;
    const std::lock_guard lock(mutex_);
    loopback_hosts_.insert(request.url.origin().host);
  }

  CURLcode perform(CURL* handle, const Request& request, const std::optional<Proxy>& proxy, CurlExchange& exchange,
                   std::array<char, CURL_ERROR_SIZE>& why) {
    curl_easy_reset(handle);
    set(handle, CURLOPT_ERRORBUFFER, why.data());
    const std::string url = request.url.text();
    set(handle, CURLOPT_URL, url.c_str());
    set_rules(handle, request.url.origin());
    set_proxy(handle, proxy);
    set_certificates(handle, certificates_.at(request.url.origin()));
    if (!set_callbacks(handle, exchange)) throw Error(ErrorCode::Internal, "libcurl does not take our callbacks");
    set_method(handle, request);
    const HeaderList headers = header_list(request.headers);
    set(handle, CURLOPT_HTTPHEADER, headers.get());
    const SigpipeBlock no_sigpipe;
    const CURLcode code = curl_easy_perform(handle);
    set(handle, CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
    return exchange.on_end() ? code : CURLE_WRITE_ERROR;
  }

  void set_rules(CURL* handle, const Origin& origin) {
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle, CURLOPT_PATH_AS_IS, 1L);
    set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(handle, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    set(handle, CURLOPT_BUFFERSIZE, 256L * 1024L);
    set(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024L);
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(handle, CURLOPT_HTTP_VERSION, version_for(origin));
    if (options_.observe_peer) set(handle, CURLOPT_CERTINFO, 1L);
    // Shorter than the delays before the last retries, which may find the host at another address.
    set(handle, CURLOPT_DNS_CACHE_TIMEOUT, 10L);
  }

  /// Setting a proxy, even an empty one, keeps libcurl from reading the variables by its own rules.
  static void set_proxy(CURL* handle, const std::optional<Proxy>& proxy) {
    set(handle, CURLOPT_PROXY, proxy ? proxy->url.c_str() : "");
    set(handle, CURLOPT_NOPROXY, "");
    if (!proxy || (proxy->username.empty() && proxy->password.empty())) return;
    set(handle, CURLOPT_PROXYUSERNAME, proxy->username.c_str());
    set(handle, CURLOPT_PROXYPASSWORD, proxy->password.c_str());
  }

  /// The newest version of HTTP to offer to a host over TLS.
  long version_for(const Origin& origin) {
    const std::lock_guard lock(mutex_);
    const bool prefers_http2 = options_.http_version == HttpVersion::Http2;
    return prefers_http2 != other_version_.contains(origin) ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
  }

  /// True if the host may support the version of HTTP that was not offered, which is offered from then on.
  bool change_version(const Origin& origin, const CurlFailure& failure) {
    if (!suggests_other_version(failure, options_.http_version)) return false;
    const std::lock_guard lock(mutex_);
    return other_version_.insert(origin).second;
  }

  void set_certificates(CURL* handle, const CertificateStore::Entry& host) {
    set(handle, CURLOPT_SSL_VERIFYPEER, options_.verify_certs ? 1L : 0L);
    set(handle, CURLOPT_SSL_VERIFYHOST, options_.verify_certs ? 2L : 0L);
    // The trust store replaces the authorities, which libcurl would read again for each connection.
    for (const CURLoption option : {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH}) {
      set(handle, option, static_cast<char*>(nullptr));
    }
    if (!host.certificates.client_certificate.empty()) {
      set(handle, CURLOPT_SSLCERT, host.certificates.client_certificate.c_str());
      set(handle, CURLOPT_SSLKEY, host.certificates.client_key.c_str());
    }
    set(handle, CURLOPT_SSL_CTX_FUNCTION, &tls_callback);
    set(handle, CURLOPT_SSL_CTX_DATA, options_.verify_certs ? host.trusted : nullptr);
  }

  static void set_method(CURL* handle, const Request& request) {
    if (request.method == "GET" && !request.body) return;
    if (request.method == "HEAD") return set(handle, CURLOPT_NOBODY, 1L);
    if (request.body) {
      set(handle, CURLOPT_UPLOAD, 1L);
      set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size));
    } else {
      set(handle, CURLOPT_POSTFIELDS, "");
    }
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  static HeaderList header_list(const Headers& headers) {
    HeaderList list;
    const auto append = [&](const std::string& line) {
      curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
      if (longer == nullptr) throw std::bad_alloc();
      static_cast<void>(list.release());
      list.reset(longer);
    };
    append("Expect:");
    // Without this header any encoding is acceptable; digests are those of the plain bytes.
    append("Accept-Encoding: identity");
    if (!headers.find("Accept")) append("Accept:");
    if (!headers.find("Content-Type")) append("Content-Type:");
    for (const auto& [name, value] : headers) append(text::cat(name, ": ", value));
    return list;
  }

  [[noreturn]] void fail(const Request& request, const CurlExchange& exchange, const CurlFailure& failure) {
    exchange.rethrow();
    check_shortage(request, failure.code);
    const std::string what = request_line(request);
    switch (exchange.ended()) {
      case CurlExchange::Ended::Stopped: throw Error(ErrorCode::Interrupted, "interrupted");
      case CurlExchange::Ended::ForeignAddress:
        throw Error(ErrorCode::Hostile, what + "a server sent us to an address that only this machine can reach");
      case CurlExchange::Ended::NoAnswer: throw no_answer(what, options_.retry_timeouts);
      case CurlExchange::Ended::Stalled:
        throw TransportError(TransportError::Kind::Broken, what + "stalled: no byte moved within the stall time-out");
      case CurlExchange::Ended::No: break;
    }
    if (refuses_our_certificate(failure.why)) {
      const Origin& host = request.url.origin();
      throw Error(ErrorCode::Unauthorized, what + "the server does not accept us without another client certificate")
          .hint(text::cat("put it and its key, as NAME.cert and NAME.key, into ~/.config/containers/certs.d/",
                          host.host, host.port == 443 ? "" : text::cat(":", host.port)));
    }
    TrustStore& trusted = *certificates_.at(request.url.origin()).trusted;
    TransportError error = transport_error(what, failure, trusted.where_looked());
    if (error.kind() == TransportError::Kind::Silent) error.transient(options_.retry_timeouts);
    if (error.kind() == TransportError::Kind::Certificate) trusted.rethrow();
    throw error;
  }

  TransportOptions options_;
  Progress& progress_;
  CertificateStore certificates_;  ///< outlives the handles, whose connections use it
  CurlHandles handles_;
  std::atomic<std::uint64_t> exchanges_ = 0;
  std::mutex mutex_;
  std::set<Origin> other_version_;        ///< hosts that need the other version of HTTP
  std::set<std::string> loopback_hosts_;  ///< named by the user, and on loopback
};

CurlTransport::CurlTransport(TransportOptions options, Progress& progress)
    : impl_(std::make_unique<Impl>(std::move(options), progress)) {}
CurlTransport::~CurlTransport() = default;

Response CurlTransport::send(const Request& request, std::stop_token stop) {
  return impl_->send(request, std::move(stop));
}

std::string transport_libraries() { return ::curl_version(); }

}  // namespace ociferry
