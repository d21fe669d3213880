#include "ferry/gather/registries.hpp"

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

}  // namespace ociferry
