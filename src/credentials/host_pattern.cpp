#include "credentials/host_pattern.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "base/text.hpp"

namespace ociferry {

bool host_fits(std::string_view pattern, std::string_view host) {
  // An IPv6 address in brackets looks like a glob.
  if (text::equals_ignoring_case(pattern, host)) return true;
  const auto globs = text::split(text::lower(pattern), '.');
  const auto labels = text::split(text::lower(host), '.');
  return std::ranges::equal(globs, labels, [](const std::string& glob, const std::string& label) {
    return ::fnmatch(glob.c_str(), label.c_str(), 0) == 0;
  });
}

}  // namespace ociferry
