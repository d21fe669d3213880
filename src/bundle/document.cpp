#include "bundle/document.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "bundle/yaml_writer.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Longer than any reference can be; keeps an error's text short.
constexpr std::size_t kLongestReference = 1024;

}  // namespace

std::string check_header(const YamlObject& document, std::initializer_list<std::string_view> kinds,
                         std::string_view what) {
  if (document.text("apiVersion") != kApiVersion) {
    throw Error(ErrorCode::Hostile,
                text::cat(what, ": Validating apiVersion: Unknown version (known: ", kApiVersion, ")"));
  }
  std::string kind = document.text("kind");
  if (std::ranges::find(kinds, kind) == kinds.end()) {
    const std::string known = text::join({kinds.begin(), kinds.end()}, ", ");
    throw Error(ErrorCode::Hostile, text::cat(what, ": Validating kind: Unknown kind (known: ", known, ")"));
  }
  return kind;
}

Reference parse_file_reference(std::string_view text, std::string_view what) {
  try {
    return parse_digest_reference(text.substr(0, kLongestReference));
  } catch (const Error& error) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": ", error.message()));
  }
}

std::string write_document(std::string_view kind, Json::Object content) {
  content.emplace_back("apiVersion", kApiVersion);
  content.emplace_back("kind", kind);
  return "---\n" + to_yaml(std::move(content));
}

}  // namespace ociferry
