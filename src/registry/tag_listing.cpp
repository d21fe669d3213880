#include "registry/tag_listing.hpp"

#include "base/text.hpp"
#include "oci/json.hpp"
#include "registry/limits.hpp"
#include "registry/registry_error.hpp"

namespace ociferry {

namespace {

/// The requested number of tags on a page.
constexpr std::string_view kPageSize = "1000";

Error bad_list(const Answer& answer, std::string_view why) {
  return {ErrorCode::Hostile, text::cat("GET ", answer.url.shown(), ": ", why)};
}

}  // namespace

std::vector<std::string> TagListing::run() {
  if (auto tags = run_within(limits::kTagPages, connection_.stop())) return *std::move(tags);
  throw Error(ErrorCode::Hostile,
              text::cat("the list of tags of ", to_string(name_), " has more than ", limits::kTagPages, " pages"));
}

std::optional<std::vector<std::string>> TagListing::run_within(std::size_t most_pages, const std::stop_token& stop) {
  if (!pages_) {
    pages_.emplace(connection_, connection_.url(name_, "tags/list", stop).with_parameter("n", kPageSize),
                   "the list of tags");
  }
  while (pages_->count() <= most_pages) {
    const Answer answer = page(pages_->url(), stop);
    take_in(answer);
    if (!pages_->turn(answer)) return std::vector<std::string>(tags_.begin(), tags_.end());
  }
  has_more_ = true;
  return std::nullopt;
}

Answer TagListing::page(const Url& url, const std::stop_token& stop) {
  Request request{"GET", url};
  request.max_body = limits::kTagPageBytes;
  Answer answer = connection_.send_with_retries(request, Scope{name_}, stop);
  repository_unknown_ = answer.status == 404 && names_error(answer, "NAME_UNKNOWN");
  if (answer.status == 200) {
    check_is_no_page("GET", answer);
    return answer;
  }
  Error error = response_error("GET", answer, ErrorCode::Network);
  if (answer.status == 404) error.hint("check the registry and the repository");
  throw std::move(error);
}

void TagListing::take_in(const Answer& answer) {
  constexpr std::size_t kBesideTags = 100;  // the list itself and what else is on the page
  const Json body = Json::parse(answer.body, text::cat("GET ", answer.url.shown()), limits::kTags + kBesideTags);
  const Json* const list = body.find("tags");
  if (list == nullptr || list->is_null()) return;
  if (list->as_array() == nullptr) throw bad_list(answer, "'tags' is not a list");
  for (const Json& item : *list->as_array()) {
    // All listed tags are shown, also invalid ones, which are never requested.
    const std::string* const tag = item.as_string();
    tags_.insert(tag == nullptr ? item.dump() : *tag);
  }
  if (tags_.size() > limits::kTags) throw bad_list(answer, text::cat("more than ", limits::kTags, " tags"));
}

}  // namespace ociferry
