#include "registry/catalog.hpp"

#include <set>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "registry/limits.hpp"
#include "registry/pages.hpp"
#include "registry/registry_error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kNamesPerPage = "1000";
constexpr std::string_view kNoCatalog = "name the repositories instead: --repo REGISTRY/REPOSITORY, once for each";

Answer catalog_page(Connection& connection, const Url& url) {
  Request request{"GET", url};
  request.max_body = limits::kTagPageBytes;
  Answer answer =
      connection.send_with_retries(request, Scope{.name = {}, .access = Scope::Access::Catalog}, connection.stop());
  if (answer.status == 200) return answer;
  const Error refused = response_error("GET", answer, ErrorCode::Network);
  const std::string more = refused.hint_text().empty() ? "" : text::cat("; or: ", refused.hint_text());
  throw Error(refused.code(), refused.message())
      .transient(refused.is_transient())
      .while_doing("asking for the registry's catalog, its list of repositories")
      .hint(text::cat(kNoCatalog, more));
}

void take_names(const Answer& answer, std::set<std::string>& names) {
  const std::string what = text::cat("GET ", answer.url.shown());
  constexpr std::size_t kBesideNames = 100;
  const Json body = Json::parse(answer.body, what, limits::kRepositories + kBesideNames);
  const Json* const list = body.find("repositories");
  if (list == nullptr || list->is_null()) return;
  if (list->as_array() == nullptr) throw Error(ErrorCode::Hostile, text::cat(what, ": 'repositories' is not a list"));
  for (const Json& item : *list->as_array()) {
    const std::string* const name = item.as_string();
    if (name == nullptr) throw Error(ErrorCode::Hostile, text::cat(what, ": a repository whose name is no text"));
    names.insert(*name);
  }
  if (names.size() > limits::kRepositories) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": more than ", limits::kRepositories, " repositories"))
        .hint(std::string(kNoCatalog));
  }
}

}  // namespace

std::vector<std::string> list_catalog(Connection& connection) {
  const Url first = connection.base(connection.stop()).resolve("/v2/_catalog").with_parameter("n", kNamesPerPage);
  Pages pages(connection, first, "the catalog");
  std::set<std::string> names;
  while (pages.count() <= limits::kTagPages) {
    const Answer answer = catalog_page(connection, pages.url());
    take_names(answer, names);
    if (!pages.turn(answer)) return {names.begin(), names.end()};
  }
  throw Error(ErrorCode::Hostile, text::cat("the catalog has more than ", limits::kTagPages, " pages"))
      .hint(std::string(kNoCatalog));
}

}  // namespace ociferry
