#include "ferry/deliver/relocate_to_registry.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "ferry/deliver/emitted_files.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/mapping_output.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "ferry/deliver/relocate.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/stripped_indexes.hpp"

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

/// A set as it goes out: itself, or with smaller indexes. The set must outlive it.
class Outgoing {
 public:
  Outgoing(const ImageSet& set, const RelocateOptions& options, Progress& progress) : set_(set) {
    if (options.strip_index) stripped_ = strip_indexes(set, progress);
  }

  [[nodiscard]] const ImageSet& set() const { return stripped_ ? stripped_->set : set_; }
  [[nodiscard]] std::optional<ImagesLock> lock(const std::optional<ImagesLock>& given) const {
    return given && stripped_ ? stripped_lock(*given, *stripped_) : given;
  }
  /// Options or a placement whose added tags name the images as they go out.
  template <typename WithTags>
  [[nodiscard]] WithTags with_new_digests(WithTags given) const {
    if (stripped_) given.added_tags = stripped_tags(std::move(given.added_tags), *stripped_);
    return given;
  }
  /// Adds to a report or a plan what has become of the indexes.
  template <typename Result>
  void complete(Result& result) const {
    if (!stripped_) return;
    result.stripped = stripped_->stripped;
    if constexpr (requires { result.absent_children; }) result.absent_children = count_absent(set_);
    name_old_digests(result.names, *stripped_);
    if constexpr (requires { result.roots; }) name_old_digests(result.roots, *stripped_);
  }

 private:
  const ImageSet& set_;
  std::optional<StrippedSet> stripped_;
};

OpenDestination opener(Registries& registries) {
  return [&registries](const RepositoryName& name) -> Destination {
    const auto repository = registries.repository(name);  // owned by `registries`
    return {.name = name, .target = *repository, .source = *repository};
  };
}

/// Throws Error{Usage} unless each of `destinations` is another one and none has an output of its own.
void check_several(const std::vector<RelocateOptions>& destinations) {
  for (auto one = destinations.begin(); one != destinations.end(); ++one) {
    if (one->strip_index != destinations.front().strip_index) {
      throw Error(ErrorCode::Usage, "several destinations get the same indexes: smaller ones, or those that there are");
    }
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

TransferReport relocate_to_registry(const ImageSet& set, const Placement& given_placement, const RelocateOptions& given,
                                    const std::optional<ImagesLock>& given_lock, Registries& registries,
                                    const Context& context, const BlobPass& pass) {
  const Outgoing outgoing(set, given, *context.progress);
  const RelocateOptions options = outgoing.with_new_digests(given);
  const Placement placement = outgoing.with_new_digests(given_placement);
  const auto lock = checked_outputs(outgoing.set(), placement, options, outgoing.lock(given_lock));
  TransferReport report = relocate(outgoing.set(), placement, opener(registries), options, context, pass);
  outgoing.complete(report);
  if (lock) write_lock_file(*options.lock_output, *lock);
  if (options.mapping_output) write_mapping(*options.mapping_output, report.names);
  write_emitted(options.emitted, report.names, *context.progress);
  return report;
}

ImportPlan plan_relocation_to_registry(const ImageSet& set, const Placement& given_placement,
                                       const RelocateOptions& given, const std::optional<ImagesLock>& given_lock,
                                       Registries& registries, const Context& context) {
  const Outgoing outgoing(set, given, *context.progress);
  const RelocateOptions options = outgoing.with_new_digests(given);
  const Placement placement = outgoing.with_new_digests(given_placement);
  static_cast<void>(checked_outputs(outgoing.set(), placement, options, outgoing.lock(given_lock)));
  ImportPlan plan = plan_relocation(outgoing.set(), placement, opener(registries), options, context);
  outgoing.complete(plan);
  return plan;
}

std::vector<DestinationReport> relocate_to_registries(const ImageSet& set,
                                                      const std::vector<RelocateOptions>& destinations,
                                                      Registries& registries, const Context& context,
                                                      const BlobPass& pass) {
  check_several(destinations);
  if (destinations.empty()) return {};
  const Outgoing outgoing(set, destinations.front(), *context.progress);
  std::vector<RelocationJob> jobs;
  for (const RelocateOptions& options : destinations) {
    const RelocateOptions given = outgoing.with_new_digests(options);
    jobs.push_back({.placement = placement_of(given), .open = opener(registries), .options = given});
  }
  std::vector<DestinationReport> reports = relocate_to_all(outgoing.set(), jobs, context, pass);
  for (DestinationReport& each : reports) outgoing.complete(each.report);
  return reports;
}

}  // namespace ociferry
