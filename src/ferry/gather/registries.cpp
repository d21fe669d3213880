#include "ferry/gather/registries.hpp"

#include <memory>

namespace ociferry {

namespace {

RegistryOptions with(RegistryOptions options, const GatherOptions& gather) {
  options.foreign_layers = gather.nondistributable_layers;
  return options;
}

}  // namespace

Registries::Registries(const Context& context, const GatherOptions& gather, Traffic traffic)
    : client_(
          with(context.registry, gather),
          std::make_shared<TimedTransport>(make_transport(context.registry, *context.progress), context.jobs, traffic),
          *context.progress, context.stop) {}

OpenSource Registries::opener() {
  return [this](const RepositoryName& name) -> std::shared_ptr<ImageSource> { return repository(name); };
}

}  // namespace ociferry
