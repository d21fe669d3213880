#include "ferry/gather/sources.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/context.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "bundle/limits.hpp"
#include "ferry/set/selection.hpp"
#include "oci/given_reference.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::vector<Root> roots_of(const BundleLock& lock) { return {{.reference = lock.image, .tag = lock.tag}}; }

std::vector<Root> roots_of(const ImagesLock& lock) {
  std::vector<Root> roots;
  for (const ImageRef& ref : lock.images) {
    roots.push_back({.reference = ref.image, .from_images_lock = true, .kind = SourceArgument::Kind::Image});
  }
  return roots;
}

Root root_of(const SourceArgument& source, TagBesideDigest tags) {
  Root root{.reference = given_reference(source.value), .kind = source.kind};
  if (root.reference.digest) {
    if (tags == TagBesideDigest::Kept) root.tag = root.reference.tag;
    root.reference.tag.reset();
  } else {
    root.tag = root.reference.selector();
  }
  return root;
}

}  // namespace

std::variant<BundleLock, ImagesLock> read_lock_file(const std::string& path) {
  const auto doing = [&] { return text::cat("reading the lock file ", path); };
  return with_context(doing, [&]() -> std::variant<BundleLock, ImagesLock> {
    const std::string yaml = read_file(path, limits::kYamlBytes);
    if (!is_bundle_lock(yaml)) return ImagesLock::parse(yaml);
    BundleLock lock = BundleLock::parse(yaml);
    if (lock.tag && !is_valid_tag(*lock.tag)) {
      throw Error(ErrorCode::Hostile, text::cat("'", *lock.tag, "' cannot be a tag"));
    }
    return lock;
  });
}

TagBesideDigest tag_beside_digest(const Context& context) {
  return context.registry.as_imgpkg ? TagBesideDigest::Dropped : TagBesideDigest::Kept;
}

std::vector<Root> read_sources(const std::vector<SourceArgument>& sources, TagBesideDigest tags) {
  std::vector<Root> roots;
  std::set<std::pair<SourceArgument::Kind, std::string_view>> seen;
  for (const SourceArgument& source : sources) {
    if (!seen.emplace(source.kind, source.value).second) continue;
    if (source.kind != SourceArgument::Kind::Lock) {
      roots.push_back(root_of(source, tags));
      continue;
    }
    const auto lock = read_lock_file(source.value);
    std::ranges::move(std::visit([](const auto& kind) { return roots_of(kind); }, lock), std::back_inserter(roots));
  }
  if (roots.empty()) throw Error(ErrorCode::Usage, "the lock file lists no images");
  return roots;
}

std::vector<Root> select_roots(std::vector<Root> roots, const Selection& selection, Progress& progress,
                               std::vector<Reference>& left_out) {
  if (!selection.selects_images()) return roots;
  std::vector<Reference> requested;
  std::vector<Reference> others;
  std::vector<Root> chosen;
  for (Root& root : roots) {
    const Reference name{root.reference.name, root.tag, root.tag ? std::nullopt : root.reference.digest};
    requested.push_back(name);
    if (chooses(selection, name, root.reference.digest)) {
      chosen.push_back(std::move(root));
    } else {
      others.push_back(name);
    }
  }
  tell_left_out(others, requested, progress);
  left_out.insert(left_out.end(), others.begin(), others.end());
  return chosen;
}

}  // namespace ociferry
