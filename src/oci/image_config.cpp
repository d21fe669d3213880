#include <algorithm>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "oci/manifest.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// The members of `object` that Go's decoder matches with `name`, in order: it ignores case and applies repeated keys
/// in turn.
std::vector<const Json*> members(const Json& object, std::string_view name) {
  std::vector<const Json*> found;
  if (object.as_object() == nullptr) return found;
  for (const auto& [key, value] : *object.as_object()) {
    if (text::equals_ignoring_case(key, name)) found.push_back(&value);
  }
  return found;
}

void add_labels(const Json& labels, std::map<std::string, std::string>& all) {
  if (labels.as_object() == nullptr) return;
  for (const auto& [key, value] : *labels.as_object()) {
    if (value.as_string() != nullptr) all[key] = *value.as_string();
    if (value.is_null()) all[key] = "";
  }
}

}  // namespace

ImageConfig parse_image_config(std::string_view bytes) {
  if (bytes.size() > limits::kConfigBytes) {
    throw Error(ErrorCode::Hostile, text::cat("image configuration larger than ", limits::kConfigBytes, " bytes"));
  }
  const Json body = Json::parse_leniently(bytes, "malformed image configuration");
  ImageConfig config{.platform = {.os = body.string_at("os"),
                                  .architecture = body.string_at("architecture"),
                                  .variant = body.string_at("variant"),
                                  .os_version = body.string_at("os.version")},
                     .labels = {}};
  for (const Json* inner : members(body, "config")) {
    for (const Json* labels : members(*inner, "Labels")) add_labels(*labels, config.labels);
  }
  return config;
}

std::optional<ImageConfig> try_parse_image_config(std::string_view bytes) {
  try {
    return parse_image_config(bytes);
  } catch (const Error&) {
    return std::nullopt;  // still transferred, which needs only its digest and size
  }
}

}  // namespace ociferry
