#include "support/http_client.hpp"

#include <curl/curl.h>

#include <memory>
#include <string_view>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

namespace {

struct CurlCloser {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t append_answer(const char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

void set_method(CURL* handle, const HttpCall& call) {
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (call.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (call.method == "PUT" || call.method == "POST" || call.method == "PATCH") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
}

void set_identity(CURL* handle, const HttpCall& call) {
  if (!call.user.empty()) curl_easy_setopt(handle, CURLOPT_USERPWD, call.user.c_str());
  if (!call.certificate_authority.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, call.certificate_authority.c_str());
  }
  if (!call.client.certificate.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, call.client.certificate.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, call.client.key.c_str());
  }
  if (call.any_certificate) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");  // everything the rig talks to is on this machine
}

}  // namespace

std::string HttpAnswer::header(const std::string& name) const {
  for (const std::string& line : text::split(headers, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || !text::equals_ignoring_case(line.substr(0, colon), name)) continue;
    return std::string(text::trim(std::string_view(line).substr(colon + 1)));
  }
  return "";
}

HttpAnswer perform(const HttpCall& call) {
  const std::unique_ptr<CURL, CurlCloser> handle(curl_easy_init());
  if (!handle) throw Error(ErrorCode::Internal, "libcurl cannot be set up");
  std::unique_ptr<curl_slist, CurlCloser> headers(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& header : call.headers) curl_slist_append(headers.get(), header.c_str());

  HttpAnswer answer;
  curl_easy_setopt(handle.get(), CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, append_answer);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, append_answer);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &answer.headers);
  set_method(handle.get(), call);
  set_identity(handle.get(), call);

  long status = 0;
  if (curl_easy_perform(handle.get()) == CURLE_OK) curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace ociferry::testing
