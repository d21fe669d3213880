#include "transfer/platform_choice.hpp"

#include "oci/platform.hpp"

namespace ociferry {

namespace {

constexpr const char* kDescribes = "vnd.docker.reference.digest";

}  // namespace

bool has_platform(const Descriptor& child) { return child.platform != nullptr && is_real(*child.platform); }

std::set<Digest> other_platforms(const std::vector<Descriptor>& children, const std::vector<Platform>& wanted) {
  std::set<Digest> others;
  if (wanted.empty()) return others;
  for (const Descriptor& child : children) {
    if (has_platform(child) && !is_for(*child.platform, wanted)) others.insert(child.digest);
  }
  // An index may list one image for two platforms.
  for (const Descriptor& child : children) {
    if (!has_platform(child) || is_for(*child.platform, wanted)) others.erase(child.digest);
  }
  std::set<Digest> about_others;
  for (const Descriptor& child : children) {
    const auto described = child.annotations.find(kDescribes);
    if (has_platform(child) || described == child.annotations.end()) continue;
    const auto digest = Digest::try_parse(described->second);
    if (digest && others.contains(*digest)) about_others.insert(child.digest);
  }
  others.merge(about_others);
  return others;
}

}  // namespace ociferry
