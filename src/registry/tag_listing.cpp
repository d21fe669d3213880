#include "registry/tag_listing.hpp"

#include "base/text.hpp"
#include "oci/json.hpp"
#include "registry/link_header.hpp"
#include "registry/registry_error.hpp"

namespace ociferry {

namespace {

/// How many tags a page is asked to have.
constexpr std::string_view kPageSize = "1000";

Error bad_list(const Answer& answer, std::string_view why) {
  return {ErrorCode::Hostile, text::cat("GET ", answer.url.shown(), ": ", why)};
}

}  // namespace

std::vector<std::string> TagListing::run() {
  Url url = connection_.url(name_, "tags/list", connection_.stop()).with_parameter("n", kPageSize);
  for (;;) {
    asked_.insert(url.text());
    const Answer answer = page(url);
    take_in(answer);
    const auto link = next_link(answer.headers);
    if (!link) return {tags_.begin(), tags_.end()};
    if (asked_.size() == limits::kTagPages) {
      throw bad_list(answer, text::cat("the list of tags has more than ", limits::kTagPages, " pages"));
    }
    url = following(answer, *link);
  }
}

Answer TagListing::page(const Url& url) {
  Request request{"GET", url};
  request.max_body = limits::kTagPageBytes;
  Answer answer = connection_.send_patiently(request, Scope{name_}, connection_.stop());
  if (answer.status != 200) throw response_error("GET", answer, ErrorCode::Network);
  return answer;
}

void TagListing::take_in(const Answer& answer) {
  const Json body = Json::parse(answer.body, text::cat("GET ", answer.url.shown()));
  const Json* const list = body.find("tags");
  if (list == nullptr || list->is_null()) return;
  if (list->as_array() == nullptr) throw bad_list(answer, "'tags' is no list");
  for (const Json& item : *list->as_array()) {
    const std::string* const tag = item.as_string();
    if (tag == nullptr) throw bad_list(answer, "a tag is no text");
    if (!is_valid_tag(*tag)) throw bad_list(answer, text::cat("'", *tag, "' cannot be a tag"));
    tags_.insert(*tag);
  }
  if (tags_.size() > limits::kTags) throw bad_list(answer, text::cat("more than ", limits::kTags, " tags"));
}

/// Where the list goes on: at the registry itself, and where it was not before.
Url TagListing::following(const Answer& answer, const std::string& link) {
  const Origin here = connection_.base(connection_.stop()).origin();
  Url url = answer.url.resolve(link);
  const Origin& there = url.origin();
  // A registry behind a proxy that ends TLS may not know that it is reached by https.
  const bool behind_proxy = here.scheme == "https" && there.scheme == "http" && there.host == here.host &&
                            (there.port == here.port || there.port == 80);
  if (behind_proxy) url = url.at(here);
  if (url.origin() != here) {
    throw bad_list(answer, text::cat("the list of tags goes on at another server, ", url.shown()));
  }
  if (asked_.contains(url.text())) throw bad_list(answer, "the list of tags leads back to a page of its own");
  return url;
}

}  // namespace ociferry
