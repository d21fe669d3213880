#include "ferry/deliver/relocate_to_registry.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "ferry/deliver/emitted_files.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/mapping_output.hpp"
#include "ferry/deliver/name_rule.hpp"
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

OpenDestination opener(Registries& registries) {
  return [&registries](const RepositoryName& name) -> Destination {
    const auto repository = registries.repository(name);  // owned by `registries`
    return {.name = name, .target = *repository, .source = *repository};
  };
}

/// Throws Error{Usage} unless each of `destinations` is another one and none has an output of its own.
void check_several(const std::vector<RelocateOptions>& destinations) {
  for (auto one = destinations.begin(); one != destinations.end(); ++one) {
    if (one->lock_output || one->mapping_output || !one->emitted.empty()) {
      throw Error(ErrorCode::Usage, "a lock file, a mapping and files for other programs are about one destination")
          .hint("import without them, then again to each destination with them: nothing is written twice");
    }
    const auto is_same = [&](const RelocateOptions& other) {
      if (one->by_name.has_value() != other.by_name.has_value()) return false;
      if (!one->by_name) return one->to == other.to;
      return one->by_name->registry == other.by_name->registry && one->by_name->prefix == other.by_name->prefix;
    };
    if (std::any_of(std::next(one), destinations.end(), is_same)) {
      throw Error(ErrorCode::Usage, "two of the destinations are the same").hint("name each of them once");
    }
  }
}

}  // namespace

TransferReport relocate_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                    const std::optional<ImagesLock>& given_lock, Registries& registries,
                                    const Context& context) {
  const auto lock = checked_outputs(set, placement, options, given_lock);
  const TransferReport report = relocate(set, placement, opener(registries), options, context);
  if (lock) write_lock_file(*options.lock_output, *lock);
  if (options.mapping_output) write_mapping(*options.mapping_output, report.names);
  write_emitted(options.emitted, report.names, *context.progress);
  return report;
}

ImportPlan plan_relocation_to_registry(const ImageSet& set, const Placement& placement, const RelocateOptions& options,
                                       const std::optional<ImagesLock>& given_lock, Registries& registries,
                                       const Context& context) {
  static_cast<void>(checked_outputs(set, placement, options, given_lock));
  return plan_relocation(set, placement, opener(registries), options, context);
}

std::vector<DestinationReport> relocate_to_registries(const ImageSet& set,
                                                      const std::vector<RelocateOptions>& destinations,
                                                      Registries& registries, const Context& context) {
  check_several(destinations);
  std::vector<RelocationJob> jobs;
  for (const RelocateOptions& options : destinations) {
    jobs.push_back({.placement = placement_of(options), .open = opener(registries), .options = options});
  }
  return relocate_to_all(set, jobs, context);
}

}  // namespace ociferry
