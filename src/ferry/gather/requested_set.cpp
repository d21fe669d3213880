#include "ferry/gather/requested_set.hpp"

#include "ferry/gather/discover.hpp"
#include "ferry/gather/sources.hpp"

namespace ociferry {

ImageSet requested_set(const ExportOptions& options, Registries& registries, const Context& context,
                       std::vector<Reference>& left_out) {
  const std::vector<Root> roots = select_roots(read_sources(options.sources, tag_beside_digest(context)),
                                               options.gather.selection, *context.progress, left_out);
  ImageSet set = discover(roots, registries.opener(), options.gather, context);
  warn_of_nondistributable_layers(set, options.gather.nondistributable_layers, *context.progress);
  return set;
}

}  // namespace ociferry
