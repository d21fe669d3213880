#include "ferry/gather/referrers_list.hpp"

#include <variant>

#include "oci/manifest.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

std::vector<Descriptor> listed_at_tag(Resolver& place, const Digest& subject) {
  const auto raw = place.manifest(referrers_tag(subject));
  if (!raw || !media_type::is_index(raw->descriptor.media_type)) return {};  // another use of the tag
  if (raw->descriptor.digest == subject) return {};  // GitLab's registry resolves such a tag to the subject
  return std::get<ImageIndex>(parse_manifest(raw->bytes, raw->descriptor.media_type)).manifests;
}

}  // namespace ociferry
