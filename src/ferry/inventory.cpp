#include "ociferry/inventory.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/gather/have_list.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/named_archives.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/repository_layers.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// A mistake in shell completion must not destroy an unrelated file.
void check_list_output(const fs::path& output, bool force) {
  check_lock_path(output);
  std::error_code ignored;
  if (force || !fs::is_regular_file(output, ignored) || fs::file_size(output, ignored) == 0) return;
  const auto medium = open_medium(output);
  std::array<std::byte, 256> beginning{};
  const std::size_t got = medium->read_at(0, beginning);
  if (is_have_list(as_text(Bytes(beginning).first(got)))) return;
  throw Error(ErrorCode::Usage, text::cat(output.string(), " exists, and is no have-list"))
      .hint("choose another output file, or add --force to replace it; nothing was changed");
}

void add_blobs_of(HaveList& list, HeldBlobs more) {
  for (auto& [digest, blob] : more) {
    HeldBlob& known = list.blobs.try_emplace(digest, HeldBlob{.size = blob.size}).first->second;
    known.in.merge(blob.in);
  }
}

std::set<RepositoryName> all_repositories(const InventoryOptions& options, Registries& registries) {
  std::set<RepositoryName> names(options.repositories.begin(), options.repositories.end());
  if (options.registry.empty()) return names;
  if (options.registry.find('/') != std::string::npos) {
    throw Error(ErrorCode::Usage, text::cat("'", options.registry, "' is no registry: a host, with a port if need be"))
        .hint("a single repository is given with --repo");
  }
  for (const std::string& path : registries.catalog(options.registry)) {
    names.insert(parse_repository(text::cat(options.registry, "/", path)));
  }
  return names;
}

/// Catalogs also list repositories whose last tag was deleted: those that the user did not name may be absent.
void add_repository(HaveList& list, const RepositoryName& name, bool is_named, Registries& registries,
                    const Context& context) {
  context.progress->phase(text::cat("listing ", to_string(name)), 0);
  try {
    const auto repository = registries.repository(name);
    add_blobs_of(list, layers_in(name, *repository, *repository, context));
    list.repositories.insert(name);
  } catch (const Error& error) {
    if (is_named || error.code() != ErrorCode::NotFound) throw;
    context.progress->warn(text::cat("left out: ", to_string(name), ", which the catalog lists: ", error.message()));
  }
}

void add_archive(HaveList& list, const fs::path& path, const Context& context) {
  const auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
  check_headers(*archive);
  const ImageSet set = load_archive(archive, context);
  if (const ArchiveReader* sealed = archive->sealed()) list.archives.insert(sealed->fingerprint());
  for (const auto& [digest, blob] : set.graph().blobs()) {
    if (blob.is_config || set.graph().left_out().contains(digest)) continue;
    list.blobs.try_emplace(digest, HeldBlob{.size = blob.descriptor.size});
  }
}

}  // namespace

InventoryReport inventory(const InventoryOptions& options, const Context& context) {
  if (options.repositories.empty() && options.registry.empty() && options.archives.empty()) {
    throw Error(ErrorCode::Usage, "nothing to list: give repositories, a registry or archives");
  }
  check_not_read({.copied = options.archives}, options.output, context.volumes);
  check_list_output(options.output, options.force);
  HaveList list;
  Registries registries(context);
  for (const RepositoryName& name : all_repositories(options, registries)) {
    const bool is_named = std::ranges::find(options.repositories, name) != options.repositories.end();
    add_repository(list, name, is_named, registries, context);
  }
  Context reading = context;
  reading.volumes = search_among(options.archives, context.volumes);
  const std::vector<fs::path> archives = each_set_once(options.archives, reading.volumes);
  for (const fs::path& path : archives) add_archive(list, path, reading);
  const std::string text = write_have_list(list);
  write_lock_file(options.output, text);
  InventoryReport report{.repositories = list.repositories.size(),
                         .archives = archives.size(),
                         .blobs = list.blobs.size(),
                         .digest = sha256(text)};
  for (const auto& [digest, blob] : list.blobs) report.bytes += blob.size;
  return report;
}

}  // namespace ociferry
