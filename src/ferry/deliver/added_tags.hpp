#pragma once

#include <string>

#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/names.hpp"

namespace ociferry {

/// What a user calls an image at the source: by repository, REPOSITORY:TAG, REPOSITORY@DIGEST, or by digest alone.
class GivenName {
 public:
  /// Throws Error{Usage}.
  explicit GivenName(const std::string& text);
  /// True if it is `name`, a name of an image at the source, by digest.
  [[nodiscard]] bool is(const Reference& name) const;

 private:
  Reference name_;  ///< by a digest alone: without a repository
};

/// The image that `added` names. Throws Error{Usage} that lists the images there are if it is none of them, or more
/// than one.
[[nodiscard]] const SetImage& image_of(const ImageSet& set, const AddedTag& added);

}  // namespace ociferry
