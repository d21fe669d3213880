#include "http/curl_handles.hpp"

#include <curl/curl.h>

#include <chrono>
#include <utility>

#include "ociferry/error.hpp"

namespace ociferry {

namespace {
/// How long a request waits for a connection that is being opened before it opens its own.
constexpr std::chrono::seconds kOpeningPatience{1};
}  // namespace

void CloseCurlHandle::operator()(void* handle) const noexcept { curl_easy_cleanup(handle); }

CurlHandles::Use::~Use() {
  if (opens_to_ == nullptr) return;
  {
    const std::lock_guard lock(of_.mutex_);
    --of_.opening_.find(*opens_to_)->second;
  }
  of_.changed_.notify_all();
}

void CurlHandles::Use::give_back() {
  {
    const std::lock_guard lock(of_.mutex_);
    of_.idle_.push_back(std::move(handle_));
  }
  of_.changed_.notify_one();
}

CurlHandle CurlHandles::make() const {
  CurlHandle handle(curl_easy_init());
  if (!handle || curl_easy_setopt(handle.get(), CURLOPT_SHARE, share_.get()) != CURLE_OK) {
    throw Error(ErrorCode::Internal, "libcurl has no handle for us");
  }
  return handle;
}

CurlHandles::Use CurlHandles::open(const Origin& origin) {
  CurlHandle handle = make();
  const std::lock_guard lock(mutex_);
  ++opening_[origin];
  return {*this, std::move(handle), &origin};
}

CurlHandles::Use CurlHandles::take(const Origin& origin, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, kOpeningPatience, [&] {
    const auto opening = opening_.find(origin);
    return !idle_.empty() || opening == opening_.end() || opening->second == 0;
  });
  if (idle_.empty()) return {*this, make(), nullptr};
  // The last one returned most likely has an open connection.
  CurlHandle handle = std::move(idle_.back());
  idle_.pop_back();
  return {*this, std::move(handle), nullptr};
}

}  // namespace ociferry
