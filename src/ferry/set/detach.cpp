#include "ferry/set/detach.hpp"

#include <algorithm>

#include "oci/tag_names.hpp"

namespace ociferry {

std::vector<Reference> detach(std::vector<SetImage>& images, const Graph& graph, std::set<Digest> gone) {
  std::vector<Reference> detached;
  const auto is_lost = [&](const SetImage& image) {
    if (!image.is_referrer) return false;
    const std::set<Digest> subjects = subjects_of(graph, image);
    return !subjects.empty() && std::ranges::all_of(subjects, [&](const Digest& one) { return gone.contains(one); });
  };
  // Level by level, since an attachment may have attachments.
  for (bool again = true; again;) {
    const auto lost =
        std::stable_partition(images.begin(), images.end(), [&](const auto& one) { return !is_lost(one); });
    again = lost != images.end();
    for (auto image = lost; image != images.end(); ++image) {
      detached.push_back(image->reference);
      gone.insert(image->digest());
    }
    images.erase(lost, images.end());
  }
  const auto leads_nowhere = [&](const std::string& tag) {
    const auto subject = attachment_subject(tag);
    return subject && gone.contains(*subject);
  };
  for (SetImage& image : images) {
    std::erase_if(image.tags, leads_nowhere);
    for (auto& [name, tags] : image.also) std::erase_if(tags, leads_nowhere);
  }
  return detached;
}

std::set<Digest> manifests_of(const std::vector<SetImage>& images, const Graph& graph) {
  std::set<Digest> needed;
  for (const SetImage& image : images) {
    for (const Digest& digest : graph.closure(image.digest())) needed.insert(digest);
  }
  return needed;
}

}  // namespace ociferry
