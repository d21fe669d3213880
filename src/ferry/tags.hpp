#pragma once

#include "ociferry/ferry.hpp"
#include "store/store.hpp"

namespace ociferry {

/// `list_tags` of a repository that is open: `lister` names the tags, `tagger` knows what they point to.
[[nodiscard]] std::vector<ListedTag> list_tags_of(TagLister& lister, Tagger& tagger, const TagListOptions& options,
                                                  const Context& context);

}  // namespace ociferry
