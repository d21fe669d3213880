#pragma once

#include <optional>
#include <string>

#include "layout/image_archive.hpp"

namespace ociferry {

/// The fingerprint of a sealed archive; nullopt for others.
[[nodiscard]] std::optional<Digest> fingerprint_of(const ImageArchive& archive);

/// An expected fingerprint; VerifyOptions documents its forms.
class DemandedFingerprint {
 public:
  /// Throws Error{Usage} if `text` has none of these forms.
  explicit DemandedFingerprint(const std::string& text);

  /// Throws Error{Corrupt} if `archive` has another fingerprint, Error{Incomplete} if it has none.
  void check(const ImageArchive& archive) const;

 private:
  std::string digits_;  ///< the whole digest in hex, or its first digits
};

}  // namespace ociferry
