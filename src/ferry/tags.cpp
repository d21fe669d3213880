#include "ferry/tags.hpp"

#include "base/text.hpp"
#include "ferry/gather/places.hpp"
#include "ferry/gather/registries.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kInternalSuffix = ".imgpkg";

}  // namespace

std::vector<ListedTag> list_tags_of(TagLister& lister, Tagger& tagger, const TagListOptions& options,
                                    const Context& context) {
  std::vector<ListedTag> tags;
  for (std::string& name : lister.list_tags()) {
    if (options.internal_tags || !name.ends_with(kInternalSuffix)) tags.push_back({.name = std::move(name)});
  }
  if (!options.digests) return tags;
  context.progress->phase("resolving tags", 0);
  run_parallel_or_throw(context.jobs, tags.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    if (is_valid_tag(tags[i].name)) tags[i].digest = tagger.resolve(tags[i].name);
  });
  for (const ListedTag& tag : tags) {
    if (tag.digest) continue;
    if (!is_valid_tag(tag.name)) {
      context.progress->warn(
          text::cat("the registry lists '", tag.name, "', which is not a valid tag; its digest is left out"));
      continue;
    }
    context.progress->warn(text::cat("the tag ", tag.name, " is listed, but has no manifest: it was just deleted, ",
                                     "or the registry lost the manifest"));
  }
  return tags;
}

std::vector<ListedTag> list_tags(const TagListOptions& options, const Context& context) {
  Registries registries(context);
  const auto repository = registries.repository(options.repository);
  return list_tags_of(*repository, *repository, options, context);
}

Reference resolve_tag(const Reference& reference, const Context& context) {
  Registries registries(context);
  const auto repository = registries.repository(reference.name);
  auto digest = repository->resolve_needed(reference.selector());
  if (!digest) throw not_found(reference, repository->absence(reference.selector()).message());
  return Reference::by_digest(reference.name, *std::move(digest));
}

}  // namespace ociferry
