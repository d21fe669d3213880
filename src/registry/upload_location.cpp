#include "registry/upload_location.hpp"

#include "base/context.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Resolves a Location. Throws Error naming the request.
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
                text::cat(method, " ", answer.url.shown(), ": the registry sent no URL for the upload"));
  }
  Url url = resolved(method, answer, *location);
  const Origin& here = answer.url.origin();
  const Origin& there = url.origin();
  if (here.scheme != "https" || there.scheme != "http") return url;
  // A registry behind a TLS proxy may not know that clients use https.
  if (there.host == here.host && (there.port == here.port || there.port == 80)) return url.at(here);
  throw Error(ErrorCode::Hostile, text::cat(method, " ", answer.url.shown(), ": the registry sends the upload to ",
                                            url.shown(), ", which is not encrypted"));
}

}  // namespace ociferry
