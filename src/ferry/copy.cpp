#include "base/fd.hpp"
#include "ferry/registries.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

/// The ImagesLock that the user gave, if that is what the source is.
std::optional<ImagesLock> asked_lock(const SourceArgument& source, const std::vector<Root>& roots) {
  if (source.kind != SourceArgument::Kind::Lock || !roots.front().from_images_lock) return std::nullopt;
  return ImagesLock::parse(read_file(source.value, limits::kYamlBytes));
}

}  // namespace

TransferReport copy(const CopyOptions& options, const Context& context) {
  const std::vector<Root> roots = read_sources({options.source});
  Registries registries(context);
  const ImageSet set = discover(roots, registries.opener(), context);
  for (const auto& [digest, layer] : set.graph().skipped_layers()) {
    context.progress->warn("left out, because it may not be redistributed: layer " + digest.text());
  }
  return relocate_to_registry(set, options.relocate, asked_lock(options.source, roots), registries, context);
}

}  // namespace ociferry
