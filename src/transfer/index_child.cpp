#include "transfer/index_child.hpp"

#include "base/text.hpp"

namespace ociferry {

bool is_about_another(const Descriptor& child) { return child.annotations.contains("vnd.docker.reference.type"); }

std::string shown_child(const Descriptor& child) {
  const std::string platform = child.platform ? text::printable(to_string(*child.platform)) : std::string();
  return platform.empty() ? child.digest.text() : text::cat(child.digest.text(), " (", platform, ")");
}

}  // namespace ociferry
