// What a server writes into Location and Retry-After leads to a proper URL and to a bounded pause, or is refused; and
// what a header says as a number is one.

#include "fuzz.hpp"
#include "http/headers.hpp"
#include "http/limits.hpp"
#include "http/retry.hpp"
#include "http/url.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

void check_url(const Url& url) {
  const std::string text = url.text();
  testing::require(url.origin().scheme == "https" || url.origin().scheme == "http", "only two schemes are known");
  testing::require(!url.origin().host.empty() && url.path().starts_with('/'), "a URL has a host and a path");
  for (const char c : text) testing::require(c > 0x20 && c != 0x7F, "a URL has no spaces and no control characters");
  testing::require(url.shown().find('?') == std::string::npos, "queries may be secret, and are not shown");
  const auto again = Url::try_parse(text);
  testing::require(again && again->text() == text && again->origin() == url.origin(), "a URL reads back as itself");
}

void check_location(std::string_view location) {
  const Url base = Url::parse("https://registry.example:8443/v2/team/app/blobs/uploads/?n=1");
  try {
    check_url(base.resolve(location));
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Hostile, "what is no URL is Hostile");
  }
  if (const auto url = Url::try_parse(location)) {
    check_url(*url);
    check_url(url->with_parameter("digest", location));
    testing::require(base.resolve(location).text() == url->text(),
                     "an absolute URL does not depend on where it stands");
  }
}

void check_pause(std::string_view value) {
  const auto now = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  const auto pause = parse_retry_after(value, now);
  testing::require(!pause || (*pause >= std::chrono::seconds{0} && *pause <= limits::kRetryAfter),
                   "a pause is within its limit");
}

void check_number(std::string_view value) {
  const auto number = Headers{{"Content-Length", std::string(value)}}.number("content-length");
  if (!number) return;
  testing::require(value.find_first_not_of("0123456789 \t\r\n") == std::string_view::npos, "a number has only digits");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = testing::fuzz_text(data, size);
  check_location(text);
  check_pause(text);
  check_number(text);
  return 0;
}
