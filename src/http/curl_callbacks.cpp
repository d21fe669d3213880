#include "http/curl_callbacks.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/system_calls.hpp"
#include "base/text.hpp"

namespace ociferry {

namespace {

CurlExchange& exchange_of(void* user) noexcept { return *static_cast<CurlExchange*>(user); }

std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  return exchange_of(user).on_header({data, size * count}) ? size * count : 0;
}
std::size_t write_callback(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  return exchange_of(user).on_body(as_bytes({data, size * count})) ? size * count : 0;
}
std::size_t read_callback(char* data, std::size_t size, std::size_t count, void* user) noexcept {
  const std::size_t got = exchange_of(user).on_read(std::as_writable_bytes(std::span(data, size * count)));
  return got == CurlExchange::kAbort ? CURL_READFUNC_ABORT : got;
}
int seek_callback(void* user, curl_off_t offset, int origin) noexcept {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  return exchange_of(user).on_rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}
int tick_callback(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) noexcept {
  return exchange_of(user).on_tick(received, sent) ? 0 : 1;
}
/// The address in the form of a URL's host; nullopt for other address families.
std::optional<std::string> address_of(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    if (inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text) == nullptr) return std::nullopt;
    return text;
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  if (inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text) == nullptr) return std::nullopt;
  return text::cat("[", text, "]");
}

curl_socket_t socket_callback(void* user, curlsocktype, curl_sockaddr* address) noexcept {
  try {
    const auto peer = address_of(address->addr);
    if (!peer || !exchange_of(user).may_use(*peer)) return CURL_SOCKET_BAD;
  } catch (...) {
    return CURL_SOCKET_BAD;  // out of memory
  }
  const int made = calls::socket(address->family, address->socktype, address->protocol);
  if (made < 0) exchange_of(user).on_no_socket(errno);
  return made;
}

/// Also called for a connection that was made for an earlier request, whose URL may have had another sender.
int connected_callback(void* user, char* address, char*, int, int) noexcept {
  try {
    const std::string_view ip = address;
    const bool is_v6 = ip.find(':') != std::string_view::npos;
    if (!exchange_of(user).may_use(is_v6 ? text::cat("[", ip, "]") : std::string(ip))) return CURL_PREREQFUNC_ABORT;
  } catch (...) {
    return CURL_PREREQFUNC_ABORT;  // out of memory
  }
  exchange_of(user).on_connected();
  return CURL_PREREQFUNC_OK;
}

}  // namespace

bool set_callbacks(void* handle, CurlExchange& exchange) {
  bool taken = true;
  const auto set = [&](CURLoption option, auto value) {
    taken = taken && curl_easy_setopt(handle, option, value) == CURLE_OK;
  };
  set(CURLOPT_HEADERFUNCTION, &header_callback);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &write_callback);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_READFUNCTION, &read_callback);
  set(CURLOPT_READDATA, &exchange);
  set(CURLOPT_SEEKFUNCTION, &seek_callback);
  set(CURLOPT_SEEKDATA, &exchange);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &tick_callback);
  set(CURLOPT_XFERINFODATA, &exchange);
  set(CURLOPT_PREREQFUNCTION, &connected_callback);
  set(CURLOPT_PREREQDATA, &exchange);
  set(CURLOPT_OPENSOCKETFUNCTION, &socket_callback);
  set(CURLOPT_OPENSOCKETDATA, &exchange);
  return taken;
}

}  // namespace ociferry
