#pragma once

#include <string>
#include <string_view>

#include "oci/manifest.hpp"

namespace ociferry {

/// The next step for a layer of type `media_type` that is no tar: `otherwise`, unless the type says that it is
/// encrypted.
[[nodiscard]] inline std::string hint_for_unreadable_layer(std::string_view media_type, std::string_view otherwise) {
  if (!is_encrypted_layer(media_type)) return std::string(otherwise);
  return "the layer is encrypted, and is carried as it is: decrypt the image where its key is, as with skopeo copy "
         "--decryption-key KEY";
}

}  // namespace ociferry
