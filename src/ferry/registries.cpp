#include "ferry/registries.hpp"

#include "ferry/lock_output.hpp"

namespace ociferry {

namespace {

RegistryOptions with(RegistryOptions options, const GatherOptions& gather) {
  options.foreign_layers = gather.nondistributable_layers;
  return options;
}

}  // namespace

Registries::Registries(const Context& context, const GatherOptions& gather)
    : client_(with(context.registry, gather), make_transport(context.registry, *context.progress), *context.progress,
              context.stop) {}

OpenSource Registries::opener() {
  return [this](const RepositoryName& name) -> std::shared_ptr<ImageSource> { return repository(name); };
}

TransferReport relocate_to_registry(const ImageSet& set, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& asked, Registries& registries,
                                    const Context& context) {
  // Made first: whether there is one lock file to write must not turn out after everything else was.
  std::optional<std::string> lock;
  if (options.lock_output) {
    check_lock_path(*options.lock_output);
    lock = relocated_lock(set, options.to, options.root_tags, asked);
  }
  const auto repository = registries.repository(options.to);
  const TransferReport report =
      relocate(set, {.name = options.to, .target = *repository, .source = *repository}, options, context);
  if (lock) write_lock_file(*options.lock_output, *lock);
  return report;
}

}  // namespace ociferry
