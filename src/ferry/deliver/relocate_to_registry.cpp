#include "ferry/deliver/relocate_to_registry.hpp"

#include <string>

#include "ferry/deliver/emitted_files.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/mapping_output.hpp"
#include "ferry/deliver/relocate.hpp"

namespace ociferry {

namespace {

/// The lock file, if one is requested. Made first, so that errors of outputs are found before anything is written.
std::optional<std::string> checked_outputs(const ImageSet& set, const Placement& placement,
                                           const RelocateOptions& options,
                                           const std::optional<ImagesLock>& given_lock) {
  std::optional<std::string> lock;
  if (options.lock_output) {
    check_lock_path(*options.lock_output);
    lock = relocated_lock(PlacedSet(set, placement, options.root_tags), given_lock);
  }
  if (options.mapping_output) check_lock_path(*options.mapping_output);
  if (!options.emitted.empty()) check_emitted(options.emitted, PlacedSet(set, placement, options.root_tags));
  return lock;
}

OpenDestination destinations(Registries& registries) {
  return [&registries](const RepositoryName& name) -> Destination {
    const auto repository = registries.repository(name);  // owned by `registries`
    return {.name = name, .target = *repository, .source = *repository};
  };
}

}  // namespace

TransferReport relocate_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& given_lock, Registries& registries,
                                    const Context& context) {
  const auto lock = checked_outputs(set, placement, options, given_lock);
  const TransferReport report = relocate(set, placement, destinations(registries), options, context);
  if (lock) write_lock_file(*options.lock_output, *lock);
  if (options.mapping_output) write_mapping(*options.mapping_output, report.names);
  write_emitted(options.emitted, report.names, *context.progress);
  return report;
}

ImportPlan plan_relocation_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                       const std::optional<ImagesLock>& given_lock, Registries& registries,
                                       const Context& context) {
  static_cast<void>(checked_outputs(set, placement, options, given_lock));
  return plan_relocation(set, placement, destinations(registries), options, context);
}

}  // namespace ociferry
