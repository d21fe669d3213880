#include "http/curl_share.hpp"

#include <new>

namespace ociferry {

namespace {

using Mutexes = std::array<std::mutex, CURL_LOCK_DATA_LAST>;

void lock(CURL*, curl_lock_data data, curl_lock_access, void* mutexes) {
  (*static_cast<Mutexes*>(mutexes))[data].lock();
}
void unlock(CURL*, curl_lock_data data, void* mutexes) { (*static_cast<Mutexes*>(mutexes))[data].unlock(); }

}  // namespace

CurlShare::CurlShare() : share_(curl_share_init()) {
  if (!share_) throw std::bad_alloc();
  const auto set = [&](CURLSHoption option, auto value) {
    if (curl_share_setopt(share_.get(), option, value) != CURLSHE_OK) throw std::bad_alloc();
  };
  set(CURLSHOPT_LOCKFUNC, &lock);
  set(CURLSHOPT_UNLOCKFUNC, &unlock);
  set(CURLSHOPT_USERDATA, &mutexes_);
  set(CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  set(CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
}

}  // namespace ociferry
