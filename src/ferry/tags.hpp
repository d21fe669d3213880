#pragma once

#include "ociferry/ferry.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Implements `list_tags` for an open repository: `lister` lists the tags, `tagger` resolves them.
[[nodiscard]] std::vector<ListedTag> list_tags_of(TagLister& lister, Tagger& tagger, const TagListOptions& options,
                                                  const Context& context);

}  // namespace ociferry
