#include "ferry/probe/listing.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"
#include "registry/registry_error.hpp"

namespace ociferry {

namespace {

/// The names of one request, and the most requests: other names may stand before the one that is looked for.
constexpr std::size_t kCatalogPage = 100;
constexpr int kCatalogPages = 10;

/// The names in the registry's catalog that come after `last`, in its order.
std::vector<std::string> catalog_after(Connection& connection, const RepositoryName& name, const std::string& last,
                                       const std::stop_token& stop) {
  const Url catalog = connection.base(stop).resolve("/v2/_catalog");
  Request request{"GET", catalog.with_parameter("n", std::to_string(kCatalogPage)).with_parameter("last", last)};
  request.max_body = limits::kManifestBytes;
  const Answer answer = connection.send_with_retries(request, Scope{{name.registry, ""}}, stop);
  if (answer.status != 200) throw response_error("GET", answer, ErrorCode::Refused);
  const Json body = Json::parse_leniently(answer.body, "the catalog");
  const Json* const listed = body.find("repositories");
  std::vector<std::string> names;
  if (listed == nullptr || listed->as_array() == nullptr) return names;
  for (const Json& one : *listed->as_array()) {
    if (const std::string* text = one.as_string()) names.push_back(*text);
  }
  return names;
}

/// True if `listed` comes after `name`, be the catalog sorted by characters or by the parts of paths.
bool is_behind(const std::string& listed, const std::string& name) {
  return listed > name && std::filesystem::path(listed) > std::filesystem::path(name);
}

bool is_in_catalog(Connection& connection, const RepositoryName& name, const std::stop_token& stop) {
  std::string last = name.repository.substr(0, name.repository.size() - 1);
  for (int page = 0; page < kCatalogPages; ++page) {
    const std::vector<std::string> names = catalog_after(connection, name, last, stop);
    if (std::ranges::find(names, name.repository) != names.end()) return true;
    if (names.size() < kCatalogPage || is_behind(names.back(), name.repository)) return false;
    last = names.back();
  }
  throw Error(ErrorCode::Refused, "the registry's catalog is too long to search");
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
