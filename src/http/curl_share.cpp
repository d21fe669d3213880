#include "http/curl_share.hpp"

#include <curl/curl.h>

#include <array>
#include <mutex>
#include <new>

namespace ociferry {

class CurlShare::Impl {
 public:
  Impl() : share_(curl_share_init()) {
    if (!share_) throw std::bad_alloc();
    set(CURLSHOPT_LOCKFUNC, &Impl::lock);
    set(CURLSHOPT_UNLOCKFUNC, &Impl::unlock);
    set(CURLSHOPT_USERDATA, this);
    set(CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    set(CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  }

  [[nodiscard]] CURLSH* get() const noexcept { return share_.get(); }

 private:
  struct Close {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
  };

  template <typename Value>
  void set(CURLSHoption option, Value value) {
    if (curl_share_setopt(share_.get(), option, value) != CURLSHE_OK) throw std::bad_alloc();
  }

  static void lock(CURL*, curl_lock_data data, curl_lock_access, void* self) {
    static_cast<Impl*>(self)->mutexes_.at(data).lock();
  }
  static void unlock(CURL*, curl_lock_data data, void* self) { static_cast<Impl*>(self)->mutexes_.at(data).unlock(); }

  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;  ///< one for each kind of data
  std::unique_ptr<CURLSH, Close> share_;
};

CurlShare::CurlShare() : impl_(std::make_unique<Impl>()) {}
CurlShare::~CurlShare() = default;

void* CurlShare::get() const noexcept { return impl_->get(); }

}  // namespace ociferry
