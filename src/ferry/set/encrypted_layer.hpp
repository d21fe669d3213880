#pragma once

#include <string_view>

namespace ociferry {

/// True for layers that can be unpacked only with a key, as the image encryption of containers says by their type.
[[nodiscard]] inline bool is_encrypted_layer(std::string_view media_type) noexcept {
  return media_type.ends_with("+encrypted");
}

}  // namespace ociferry
