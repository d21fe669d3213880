#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// True if `host` fits `pattern`: as many labels, each of which fits its glob ('*' and '?' stay within a label).
/// Case does not matter.
[[nodiscard]] bool host_fits(std::string_view pattern, std::string_view host);

}  // namespace ociferry
