#include <atomic>
#include <set>

#include "archive/layer_extractor.hpp"
#include "base/text.hpp"
#include "ferry/bundle_reader.hpp"
#include "ferry/output_directory.hpp"
#include "ferry/registries.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/limits.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// Where the images of one bundle are, and which of them are bundles as far as that is known.
struct Whereabouts {
  bool relocated = false;  ///< `places` holds every image
  std::map<Digest, RepositoryName> places;
  std::map<Digest, bool> is_bundle;
};

/// The path of a bundle's lock file in an extracted tree, after making sure that it is no link to somewhere else.
fs::path lock_path(const fs::path& tree) {
  const fs::path path = tree / kImagesLockPath;
  const bool is_real = fs::symlink_status(path.parent_path()).type() == fs::file_type::directory &&
                       fs::symlink_status(path).type() == fs::file_type::regular;
  if (!is_real) {
    throw Error(ErrorCode::Hostile, "The bundle expected .imgpkg/images.yml to exist, but it wasn't found");
  }
  return path;
}

class Pull {
 public:
  Pull(const PullOptions& options, const Context& context)
      : options_(options), context_(context), registries_(context), output_(options.output) {}

  void image(const Reference& reference) {
    const auto source = open(reference.name);
    const RawManifest raw = resolve(*source, reference);
    if (media_type::is_index(raw.descriptor.media_type)) {
      throw Error(ErrorCode::Usage, "Unable to pull non-images, such as image indexes.")
          .hint("provide a specific digest to an image");
    }
    if (options_.image_is_bundle_check && is_bundle(*source, raw, context_.stop)) {
      throw Error(ErrorCode::Usage, text::cat("Expected bundle flag when pulling a bundle: ", to_string(reference)))
          .hint("Use -b instead of -i for bundles");
    }
    context_.progress->event(text::cat("Pulling image '", place(reference.name, raw), "'"));
    extract(*source, raw, output_.content());
    output_.publish();
  }

  void bundle(const Reference& reference) {
    const auto source = open(reference.name);
    const RawManifest raw = resolve(*source, reference);
    if (!is_bundle(*source, raw, context_.stop)) {
      throw Error(ErrorCode::Usage, text::cat("Expected bundle image but found plain image: ", to_string(reference)))
          .hint("Did you use -i instead of -b?");
    }
    context_.progress->event(text::cat("Pulling bundle '", place(reference.name, raw), "'"));
    seen_.insert(raw.descriptor.digest);
    unpack_bundle(*source, reference.name, raw, output_.content(), 0);
    move_nested_in();
    output_.publish();
  }

 private:
  std::shared_ptr<CachingSource> open(const RepositoryName& name) {
    return std::make_shared<CachingSource>(registries_.repository(name), budget_);
  }

  static std::string place(const RepositoryName& name, const RawManifest& raw) {
    return text::cat(to_string(name), "@", raw.descriptor.digest.text());
  }

  static RawManifest resolve(CachingSource& source, const Reference& reference) {
    auto raw = source.manifest(reference.selector());
    if (!raw) {
      // The words that registries use themselves, which scripts look for.
      throw Error(ErrorCode::NotFound, text::cat(to_string(reference), ": MANIFEST_UNKNOWN: manifest unknown"))
          .hint("check the repository and the tag or digest");
    }
    return *std::move(raw);
  }

  void extract(CachingSource& source, const RawManifest& raw, const fs::path& directory) {
    const auto parsed = parse_manifest(raw.bytes, raw.descriptor.media_type);
    const auto& layers = std::get<Manifest>(parsed).layers;
    std::uint64_t bytes = 0;
    for (const Descriptor& layer : layers) bytes += layer.size;
    context_.progress->phase(text::cat("pulling ", raw.descriptor.digest.text()), bytes);
    LayerExtractor extractor(directory);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      context_.progress->event(
          text::cat("Extracting layer '", layers[i].digest.text(), "' (", i + 1, "/", layers.size(), ")"));
      extract_layer(source, layers[i], extractor);
    }
    if (const auto skipped = extractor.report().skipped_links + extractor.report().skipped_special; skipped > 0) {
      context_.progress->warn(text::cat(skipped, " links or special files were left out: links that lead out of the ",
                                        "directory, devices, sockets or pipes"));
    }
  }

  /// The layer is unpacked only after all of it has proved right; until then it waits in a file without a name.
  void extract_layer(CachingSource& source, const Descriptor& layer, LayerExtractor& extractor) {
    const std::string name = source.name_of(layer.digest);
    const UniqueFd file = anonymous_file(output_.scratch(""));
    FileSink sink(file.get(), name);
    ProgressSink counted(sink, *context_.progress);
    VerifyingSink verified(counted, layer, name);
    source.fetch(layer, verified, context_.stop);
    verified.finish();
    FileSource content(file.get(), 0, layer.size, name);
    extractor.apply(content, name, context_.stop);
  }

  void unpack_bundle(CachingSource& source, const RepositoryName& name, const RawManifest& raw, const fs::path& tree,
                     std::size_t depth) {
    if (depth > limits::kGraphDepth) {
      throw Error(ErrorCode::Hostile, text::cat("bundles nested deeper than ", limits::kGraphDepth, " levels"));
    }
    extract(source, raw, tree);
    const fs::path path = lock_path(tree);
    const ImagesLock lock = ImagesLock::parse(read_file(path, limits::kYamlBytes));
    const Reference at{name, std::nullopt, raw.descriptor.digest};
    context_.progress->event("Locating image lock file images...");
    const Whereabouts where = locate(source, at, lock);
    if (where.relocated) {
      rewrite(path, lock, where);
      context_.progress->event(text::cat("The bundle repo (", to_string(name),
                                         ") is hosting every image specified in the bundle's Images Lock file "
                                         "(.imgpkg/images.yml)"));
    } else {
      context_.progress->event("One or more images not found in bundle repo; skipping lock file update");
    }
    if (options_.recursive) unpack_nested(lock, where, depth + 1);
  }

  Whereabouts locate(CachingSource& source, const Reference& bundle, const ImagesLock& lock) {
    Whereabouts where;
    if (lock.images.empty()) return where;
    const auto locations = find_locations(source, bundle, lock, *context_.progress, context_.stop);
    if (locations) {
      for (const LocationEntry& entry : locations->entries) {
        const Digest& digest = *entry.image.digest;
        where.places.emplace(digest,
                             RepositoryName{bundle.name.registry, entry.repository.value_or(bundle.name.repository)});
        where.is_bundle.emplace(digest, entry.is_bundle);
      }
      where.relocated = true;
      return where;
    }
    where.relocated = repository_has_all(bundle.name, lock);
    if (where.relocated) {
      for (const ImageRef& ref : lock.images) where.places.emplace(*ref.image.digest, bundle.name);
    }
    return where;
  }

  bool repository_has_all(const RepositoryName& name, const ImagesLock& lock) {
    const auto repository = registries_.repository(name);
    std::atomic<bool> all{true};
    run_parallel_or_throw(context_.jobs, lock.images.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      if (!all) return;
      try {
        if (!repository->resolve(lock.images[i].image.digest->text())) all = false;
      } catch (const Error& error) {
        const bool may_not = error.code() == ErrorCode::Unauthorized || error.code() == ErrorCode::Denied;
        if (!may_not) throw;
        context_.progress->debug(error.message());
        all = false;
      }
    });
    return all;
  }

  static void rewrite(const fs::path& path, const ImagesLock& lock, const Whereabouts& where) {
    ImagesLock relocated = lock;
    for (ImageRef& ref : relocated.images) ref.image.name = where.places.at(*ref.image.digest);
    write_file_atomically(path, relocated.to_yaml(), 0600);
  }

  void unpack_nested(const ImagesLock& lock, const Whereabouts& where, std::size_t depth) {
    for (const ImageRef& ref : lock.images) {
      const Digest& digest = *ref.image.digest;
      if (const auto known = where.is_bundle.find(digest); known != where.is_bundle.end() && !known->second) continue;
      Reference at = ref.image;
      if (const auto found = where.places.find(digest); found != where.places.end()) at.name = found->second;
      if (seen_.contains(digest)) {
        context_.progress->event(text::cat("Skipped, already downloaded: '", to_string(at), "'"));
        continue;
      }
      const auto source = open(at.name);
      const RawManifest raw = resolve(*source, at);
      if (!is_bundle(*source, raw, context_.stop)) continue;
      seen_.insert(digest);
      context_.progress->event(text::cat("Pulling nested bundle '", to_string(at), "'"));
      const fs::path tree = output_.scratch("bundles") / text::cat(digest.algorithm(), "-", digest.hex());
      fs::create_directories(tree);
      unpack_bundle(*source, at.name, raw, tree, depth);
    }
  }

  /// Nested bundles are unpacked aside, so that no link in an outer one can lead an inner one astray.
  void move_nested_in() {
    const fs::path nested = output_.scratch("bundles");
    if (!fs::exists(nested)) return;
    const fs::path target = lock_path(output_.content()).parent_path() / "bundles";
    if (fs::symlink_status(target).type() != fs::file_type::not_found) {
      throw Error(ErrorCode::Hostile, "The bundle already contains .imgpkg/bundles, where nested bundles belong");
    }
    fs::rename(nested, target);
  }

  const PullOptions& options_;
  const Context& context_;
  Registries registries_;
  std::shared_ptr<CacheBudget> budget_ = std::make_shared<CacheBudget>(std::int64_t{16} * 1024 * 1024);
  OutputDirectory output_;
  std::set<Digest> seen_;
};

Reference source_reference(const SourceArgument& source) {
  if (source.kind != SourceArgument::Kind::Lock) return Reference::parse(source.value);
  return BundleLock::parse(read_file(source.value, limits::kYamlBytes)).image;
}

}  // namespace

void pull(const PullOptions& options, const Context& context) {
  const bool is_image = options.source.kind == SourceArgument::Kind::Image;
  if (is_image && options.recursive) {
    throw Error(ErrorCode::Usage, "Cannot use --recursive (-r) flag when pulling an image").hint("use -b for bundles");
  }
  const Reference reference = source_reference(options.source);
  Pull pull(options, context);
  if (is_image) {
    pull.image(reference);
  } else {
    pull.bundle(reference);
  }
}

}  // namespace ociferry
