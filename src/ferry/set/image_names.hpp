#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// One name of an image: its repository, and a tag if it has one there.
struct ImageName {
  const SetImage* image = nullptr;  ///< owned by its set
  RepositoryName repository = {};
  std::optional<std::string> tag = {};

  /// By tag, or by digest if there is no tag.
  [[nodiscard]] Reference reference() const;
};

/// All names of `image`, at least one. Tags that attach it to another image are no names.
[[nodiscard]] std::vector<ImageName> names_of(const SetImage& image);

/// A line each, after "  - ".
[[nodiscard]] std::string list_of(const std::vector<Reference>& names);
[[nodiscard]] std::vector<Reference> references_of(const std::vector<ImageName>& names);

/// Those of `names` that a user means by `text`: a reference; a digest; a tag; the end of a repository, such as "app",
/// "app:v1" or "team/app@sha256:..."; or the first hexadecimal digits of a digest, at least four. The first of these
/// kinds that matches any name counts; of several matches, images come before what is attached to them. Throws
/// Error{Usage} that lists the names if none matches, with a suggestion, or if they belong to several images.
[[nodiscard]] std::vector<ImageName> matching_names(const std::vector<ImageName>& names, std::string_view text);

/// The image of `set` that a user means by `text`. Throws Error{Usage} likewise.
[[nodiscard]] const SetImage& image_meant(const ImageSet& set, std::string_view text);

/// The part of `set` that has `chosen` names, with all that these images need and what is attached to that. Other names
/// are dropped; an image that is there only because a lock file lists it has the name that lock files give it.
[[nodiscard]] ImageSet keep_names(const ImageSet& set, const std::vector<ImageName>& chosen);

}  // namespace ociferry
