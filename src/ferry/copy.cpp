#include "ferry/deliver/relocate_to_registry.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/sources.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

namespace {

/// The ImagesLock that the user gave, if that is what the source is.
std::optional<ImagesLock> asked_lock(const SourceArgument& source) {
  if (source.kind != SourceArgument::Kind::Lock) return std::nullopt;
  const auto lock = read_lock_file(source.value);
  const auto* images = std::get_if<ImagesLock>(&lock);
  return images == nullptr ? std::nullopt : std::optional(*images);
}

}  // namespace

TransferReport copy(const CopyOptions& options, const Context& context) {
  const std::vector<Root> roots = read_sources({options.source});
  Registries registries(context, options.gather);
  const ImageSet set = discover(roots, registries.opener(), options.gather, context);
  warn_of_nondistributable_layers(set, options.gather.nondistributable_layers, *context.progress);
  return relocate_to_registry(set, everything_to(options.relocate.to), options.relocate, asked_lock(options.source),
                              registries, context);
}

}  // namespace ociferry
