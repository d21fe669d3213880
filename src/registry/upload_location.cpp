#include "registry/upload_location.hpp"

#include "base/context.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// What a Location means. Throws Error naming who sent it.
Url resolved(std::string_view method, const Answer& answer, const std::string& location) {
  const auto doing = [&] {
    return text::cat("reading the place that ", method, " ", answer.url.shown(), " was answered with");
  };
  return with_context(doing, [&] { return answer.url.resolve(location); });
}

}  // namespace

Url upload_location(std::string_view method, const Answer& answer) {
  const auto location = answer.headers.find("Location");
  if (!location) {
    throw Error(ErrorCode::Refused,
                text::cat(method, " ", answer.url.shown(), ": the registry names no place to upload to"));
  }
  Url url = resolved(method, answer, *location);
  const Origin& here = answer.url.origin();
  const Origin& there = url.origin();
  if (here.scheme != "https" || there.scheme != "http") return url;
  // A registry behind a proxy that ends TLS may not know that it is reached by https.
  if (there.host == here.host && (there.port == here.port || there.port == 80)) return url.at(here);
  throw Error(ErrorCode::Hostile, text::cat(method, " ", answer.url.shown(), ": the registry wants the upload at ",
                                            url.shown(), ", which is not encrypted"));
}

}  // namespace ociferry
