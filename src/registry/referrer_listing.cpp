#include "registry/referrer_listing.hpp"

#include "base/text.hpp"
#include "http/retry.hpp"
#include "oci/limits.hpp"
#include "oci/manifest.hpp"
#include "registry/limits.hpp"
#include "registry/pages.hpp"
#include "registry/registry_error.hpp"
#include "store/limits.hpp"

namespace ociferry {

namespace {

/// Other responses with status 200, such as web pages, are not a list.
bool is_list(const Answer& answer) {
  const std::string header = answer.headers.find("Content-Type").value_or("");
  const std::string type = text::lower(text::trim(std::string_view(header).substr(0, header.find(';'))));
  return answer.status == 200 && type == media_type::kOciIndex;
}

}  // namespace

std::optional<std::vector<Descriptor>> ReferrerListing::run(const std::stop_token& stop) {
  const std::string path = text::cat("referrers/", subject_.text());
  Pages pages(connection_, connection_.url(name_, path, stop), "the list of referrers");
  for (bool is_first = true; pages.count() <= limits::kReferrerPages; is_first = false) {
    const auto answer = page(pages.url(), is_first, stop);
    if (!answer) return std::nullopt;
    take_in(*answer);
    if (!pages.turn(*answer)) return std::move(found_);
  }
  throw Error(ErrorCode::Hostile, text::cat("GET ", pages.url().shown(), ": the list of referrers has more than ",
                                            limits::kReferrerPages, " pages"));
}

std::optional<Answer> ReferrerListing::page(const Url& url, bool is_first, const std::stop_token& stop) {
  Request request{"GET", url, {{"Accept", std::string(media_type::kOciIndex)}}};
  request.max_body = limits::kManifestBytes;
  Answer answer = connection_.send_with_retries(request, Scope{name_}, stop);
  if (is_list(answer)) return answer;
  const bool says_nothing = is_transient_status(answer.status) || answer.status == 401 || answer.status == 403;
  if (!is_first || says_nothing) throw response_error("GET", answer, ErrorCode::Network);
  conclusive_ = !names_error(answer, "NAME_UNKNOWN");
  return std::nullopt;
}

void ReferrerListing::take_in(const Answer& answer) {
  const ImageIndex index = parse_image_index(answer.body, text::cat("GET ", answer.url.shown()));
  found_.insert(found_.end(), index.manifests.begin(), index.manifests.end());
  if (found_.size() <= limits::kReferrers) return;
  throw Error(ErrorCode::Hostile,
              text::cat("GET ", answer.url.shown(), ": more than ", limits::kReferrers, " referrers of one image"));
}

}  // namespace ociferry
