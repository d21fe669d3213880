#include "registry/pages.hpp"

#include "base/text.hpp"
#include "registry/link_header.hpp"

namespace ociferry {

Pages::Pages(Connection& connection, Url first, std::string_view what)
    : connection_(connection), url_(std::move(first)), what_(what) {
  asked_.insert(url_.text());
}

bool Pages::turn(const Answer& answer) {
  const auto link = next_link(answer.headers);
  if (!link) return false;
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorCode::Hostile, text::cat("GET ", answer.url.shown(), ": ", what_, why));
  };
  const Origin here = connection_.base(connection_.stop()).origin();
  Url url = answer.url.resolve(*link);
  const Origin& there = url.origin();
  // A registry behind a TLS proxy may not know that clients use https.
  const bool behind_proxy = here.scheme == "https" && there.scheme == "http" && there.host == here.host &&
                            (there.port == here.port || there.port == 80);
  if (behind_proxy) url = url.at(here);
  if (url.origin() != here) refuse(text::cat(" continues at another server, ", url.shown()));
  if (!asked_.insert(url.text()).second) refuse(" links back to an earlier page");
  url_ = std::move(url);
  return true;
}

}  // namespace ociferry
