#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "bundle/yaml_object.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The one version of all file formats here.
inline constexpr std::string_view kApiVersion = "imgpkg.carvel.dev/v1alpha1";

/// Checks `apiVersion` and `kind`, and returns the kind, which is one of `kinds`.
/// Throws Error{Hostile} starting with `what`.
std::string check_header(const YamlObject& document, std::initializer_list<std::string_view> kinds,
                         std::string_view what);

/// Parses a digest reference from a file. Throws Error{Hostile} starting with `what`.
[[nodiscard]] Reference parse_file_reference(std::string_view text, std::string_view what);

/// A document with the first line `---` as imgpkg writes it; `content` has the fields other than the header's.
[[nodiscard]] std::string write_document(std::string_view kind, Json::Object content);

}  // namespace ociferry
