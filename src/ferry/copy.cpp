#include "base/text.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "ferry/deliver/relocate_to_registry.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/sources.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"

namespace ociferry {

namespace {

/// The ImagesLock that the user gave as source, if any.
std::optional<ImagesLock> given_lock(const SourceArgument& source) {
  if (source.kind != SourceArgument::Kind::Lock) return std::nullopt;
  const auto lock = read_lock_file(source.value);
  const auto* images = std::get_if<ImagesLock>(&lock);
  return images == nullptr ? std::nullopt : std::optional(*images);
}

void check_no_copy_onto_itself(const PlacedSet& placed) {
  for (const SetImage& image : placed.set().images()) {
    for (const PlacedImage& name : placed.names_of(image)) {
      if (name.from.name != name.to.name) continue;
      throw Error(ErrorCode::Usage, text::cat(to_string(name.from.name), " would be copied onto itself"))
          .hint("give --to-registry another registry, or a prefix: HOST/PREFIX");
    }
  }
}

/// The images to copy, and where they go.
struct ReadyCopy {
  ImageSet set;
  Placement placement;
  std::optional<ImagesLock> lock = {};  ///< that the user gave; none if it is not copied as a whole
  std::vector<Reference> left_out = {};
};

ReadyCopy ready_copy(const CopyOptions& options, Registries& registries, const Context& context) {
  std::vector<Reference> left_out;
  const std::vector<Root> roots = select_roots(read_sources({options.source}, tag_beside_digest(context)),
                                               options.gather.selection, *context.progress, left_out);
  ReadyCopy ready{.set = discover(roots, registries.opener(), options.gather, context),
                  .placement = placement_of(options.relocate)};
  warn_of_nondistributable_layers(ready.set, options.gather.nondistributable_layers, *context.progress);
  warn_of_unused_mappings(options.relocate, ready.set, *context.progress);
  if (options.relocate.by_name) {
    check_no_copy_onto_itself(PlacedSet(ready.set, ready.placement, options.relocate.root_tags));
  }
  if (left_out.empty()) ready.lock = given_lock(options.source);
  ready.left_out = std::move(left_out);
  return ready;
}

}  // namespace

TransferReport copy(const CopyOptions& options, const Context& context) {
  Registries registries(context, options.gather, Traffic::Many);
  ReadyCopy ready = ready_copy(options, registries, context);
  TransferReport report =
      relocate_to_registry(ready.set, ready.placement, options.relocate, ready.lock, registries, context);
  report.left_out = std::move(ready.left_out);
  return report;
}

ImportPlan plan_copy(const CopyOptions& options, const Context& context) {
  Registries registries(context, options.gather);
  const ReadyCopy ready = ready_copy(options, registries, context);
  return plan_relocation_to_registry(ready.set, ready.placement, options.relocate, ready.lock, registries, context);
}

}  // namespace ociferry
