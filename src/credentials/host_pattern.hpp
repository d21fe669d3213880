#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// True if `host` matches `pattern` label by label; '*' and '?' match within a label. Case-insensitive.
[[nodiscard]] bool host_fits(std::string_view pattern, std::string_view host);

}  // namespace ociferry
