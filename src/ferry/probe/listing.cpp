#include "ferry/probe/listing.hpp"

#include <algorithm>

#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "registry/registry_error.hpp"

namespace ociferry {

namespace {

/// So many names, from the one before, are enough to find a repository.
constexpr const char* kCatalogPage = "10";

bool is_in_catalog(Connection& connection, const RepositoryName& name, const std::stop_token& stop) {
  const std::string before = name.repository.substr(0, name.repository.size() - 1);
  const Url catalog = connection.base(stop).resolve("/v2/_catalog");
  Request request{"GET", catalog.with_parameter("n", kCatalogPage).with_parameter("last", before)};
  request.max_body = limits::kManifestBytes;
  const Answer answer = connection.send_with_retries(request, Scope{{name.registry, ""}}, stop);
  if (answer.status != 200) throw response_error("GET", answer, ErrorCode::Refused);
  const Json body = Json::parse_leniently(answer.body, "the catalog");
  const Json* const names = body.find("repositories");
  const Json::Array* const all = names == nullptr ? nullptr : names->as_array();
  return all != nullptr && std::ranges::find(*all, Json(name.repository)) != all->end();
}

}  // namespace

bool has_tag_list(Connection& connection, const RepositoryName& name, const std::stop_token& stop) {
  Request request{"GET", connection.url(name, "tags/list", stop).with_parameter("n", "1")};
  request.max_body = limits::kManifestBytes;
  const Answer answer = connection.send_with_retries(request, Scope{name}, stop);
  if (is_success(answer.status)) return true;
  if (answer.status == 404) return false;
  throw response_error("GET", answer, ErrorCode::Refused);
}

bool is_listed(Connection& connection, const RepositoryName& name, const std::stop_token& stop) {
  return has_tag_list(connection, name, stop) || is_in_catalog(connection, name, stop);
}

}  // namespace ociferry
