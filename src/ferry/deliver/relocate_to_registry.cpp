#include "ferry/deliver/relocate_to_registry.hpp"

#include <string>

#include "ferry/deliver/emitted_files.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/mapping_output.hpp"
#include "ferry/deliver/relocate.hpp"

namespace ociferry {

TransferReport relocate_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& given_lock, Registries& registries,
                                    const Context& context) {
  // Made first, so that its errors are found before anything is written.
  std::optional<std::string> lock;
  if (options.lock_output) {
    check_lock_path(*options.lock_output);
    lock = relocated_lock(PlacedSet(set, placement, options.root_tags), given_lock);
  }
  if (options.mapping_output) check_lock_path(*options.mapping_output);
  if (!options.emitted.empty()) check_emitted(options.emitted, PlacedSet(set, placement, options.root_tags));
  const auto open = [&](const RepositoryName& name) -> Destination {
    const auto repository = registries.repository(name);  // owned by `registries`
    return {.name = name, .target = *repository, .source = *repository};
  };
  const TransferReport report = relocate(set, placement, open, options, context);
  if (lock) write_lock_file(*options.lock_output, *lock);
  if (options.mapping_output) write_mapping(*options.mapping_output, report.names);
  write_emitted(options.emitted, report.names, *context.progress);
  return report;
}

}  // namespace ociferry
