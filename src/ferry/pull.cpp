#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include "archive/layer_extractor.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "bundle/limits.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/places.hpp"
#include "ferry/gather/sources.hpp"
#include "ferry/open_store.hpp"
#include "ferry/output_directory.hpp"
#include "ferry/pull_source.hpp"
#include "ferry/set/image_names.hpp"
#include "ferry/unreadable_layer.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "oci/given_reference.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/release_store.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// Downloads are kept until the end, for a repeated run, if the free space is this many times their size: enough for
/// the unpacked content, too.
constexpr std::uint64_t kUnpackedRatio = 6;

/// An unpacked bundle, and the locations of its images if known.
struct Unpacked {
  RepositoryName name;
  ImagesLock lock;
  std::optional<Locations> locations = {};
};

/// The path of a bundle's lock file in an extracted tree. Throws if it is a link.
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
  Pull(const PullOptions& options, std::unique_ptr<PullSource> source, const Context& context)
      : options_(options), context_(context), source_(std::move(source)), output_(options.output, options.force) {}

  void image(const Reference& reference) {
    const Located found = find(reference, {reference.name});
    if (media_type::is_index(found.manifest.raw.descriptor.media_type)) {
      throw Error(ErrorCode::Usage, "Unable to pull non-images, such as image indexes.")
          .hint("provide a specific digest to the image instead");
    }
    if (options_.image_is_bundle_check && is_bundle(*found.source, found.manifest.parsed, context_.stop)) {
      throw Error(ErrorCode::Usage, "Expected bundle flag when pulling a bundle")
          .hint("Use -b instead of -i for bundles");
    }
    say(0, text::cat("Pulling image '", name_of(found), "'"));
    extract(found, output_.content(), 0);
    output_.publish();
    report_.pulled = reference_to(found);
  }

  void bundle(const Reference& reference) {
    const Located found = find(reference, {reference.name});
    if (!is_bundle(*found.source, found.manifest.parsed, context_.stop)) {
      throw Error(ErrorCode::Usage, "Expected bundle image but found plain image")
          .hint("Did you use -i instead of -b?");
    }
    say(0, text::cat("Pulling bundle '", name_of(found), "'"));
    seen_.insert(found.manifest.digest());
    const bool hosts_all = unpack_bundle(found, output_.content(), 0);
    report_.images_are_beside = hosts_all;
    say(0, "");
    say(0, "Locating image lock file images...");
    say(0, hosts_all ? text::cat("The bundle repo (", to_string(found.name),
                                 ") is hosting every image specified in the bundle's Images Lock file "
                                 "(.imgpkg/images.yml)")
                     : std::string(source_->why_lock_stays()));
    move_nested_in();
    output_.publish();
    report_.pulled = reference_to(found);
  }

  [[nodiscard]] const PullReport& report() const noexcept { return report_; }

 private:
  static Reference reference_to(const Located& found) {
    return Reference::by_digest(found.name, found.manifest.digest());
  }

  /// Reports progress, indented by the depth of nesting like imgpkg.
  void say(std::size_t depth, const std::string& line) const {
    context_.progress->event(line.empty() ? line : std::string(2 * depth, ' ') + line);
  }

  static std::string name_of(const Located& found) { return to_string(reference_to(found)); }

  Located find(const Reference& reference, const Places& places) { return source_->find(reference, places); }

  void extract(const Located& found, const fs::path& directory, std::size_t depth) {
    const auto& layers = std::get<Manifest>(found.manifest.parsed).layers;
    std::uint64_t bytes = 0;
    std::uint64_t largest = 0;
    for (const Descriptor& layer : layers) {
      bytes += layer.size;
      largest = std::max(largest, layer.size);
    }
    if (source_->downloads()) output_.check_room(largest);
    const bool keeps_downloads = !source_->downloads() || output_.room().free_bytes / kUnpackedRatio >= bytes;
    context_.progress->phase(text::cat("pulling ", found.manifest.digest().text()), bytes);
    LayerExtractor extractor(directory, ConfinedDirectory::Lookup::Kernel, context_.unpack);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      say(depth, text::cat("Extracting layer '", layers[i].digest.text(), "' (", i + 1, "/", layers.size(), ")"));
      extract_layer(found, layers[i], extractor);
      if (!keeps_downloads) remove_download(layers[i]);
    }
    warn_of(extractor.report());
  }

  void warn_of(const ExtractReport& report) const {
    if (const auto skipped = report.skipped_links + report.skipped_special; skipped > 0) {
      context_.progress->warn(text::cat(skipped, " links or special files were left out: links that lead out of the ",
                                        "directory, devices, sockets or pipes"));
    }
    if (report.behind_end > 0) {
      context_.progress->warn(text::cat(report.behind_end, " bytes after the ends of the layers were skipped: no ",
                                        "program unpacks them"));
    }
  }

  void extract_layer(const Located& found, const Descriptor& layer, LayerExtractor& extractor) {
    const auto unpack = [&](ByteSource& content) {
      extractor.apply(content, found.source->name_of(layer.digest), context_.stop);
    };
    try {
      source_->read_layer(found, layer, download_path(layer), unpack);
    } catch (Error& error) {
      if (error.reason() == ErrorReason::NotTar) {
        error.while_doing(text::cat("unpacking a layer of type '", layer.media_type, "'"));
        error.hint(hint_for_unreadable_layer(
            layer.media_type, "pull unpacks the layers of images; `ociferry export` carries anything else as it is"));
      }
      const bool is_local = error.code() == ErrorCode::Space || error.code() == ErrorCode::Io;
      if (is_local) error.while_doing(text::cat("filling ", output_.content().string()));
      if (error.code() == ErrorCode::Space) error.hint(no_room(layer));
      throw;
    }
  }

  [[nodiscard]] std::string no_room(const Descriptor& layer) const {
    return text::cat("the unpacked content of this layer of ", layer.size, " bytes needs more than the ",
                     output_.room().free_bytes, " bytes that are left: free some space, or pull to another place");
  }

  [[nodiscard]] fs::path download_path(const Descriptor& layer) const {
    return output_.downloads() / text::cat(layer.digest.algorithm(), "-", layer.digest.hex());
  }

  void remove_download(const Descriptor& layer) const {
    const fs::path path = download_path(layer);
    if (calls::unlinkat(AT_FDCWD, path.c_str(), 0) != 0 && errno != ENOENT) {
      throw system_error(text::cat("removing ", path.string()), errno);
    }
  }

  /// Extracts a bundle and, if requested, those nested in it. Returns true if its images are all at the first of their
  /// places, which the lock file then names.
  bool unpack_bundle(const Located& found, const fs::path& tree, std::size_t depth) {
    check_depth("bundles", depth);
    extract(found, tree, depth + 1);
    const fs::path path = lock_path(tree);
    Unpacked bundle{.name = found.name, .lock = ImagesLock::parse(read_file(path, limits::kYamlBytes))};
    bundle.locations = source_->locations(found, bundle.lock);
    // Locations are trusted without a request; but a nested bundle may turn out to be elsewhere.
    bool hosts_all = bundle.locations || source_->has_all(bundle.name, bundle.lock);
    if (options_.recursive && !unpack_nested(bundle, depth + 1)) hosts_all = false;
    if (hosts_all && !bundle.lock.images.empty()) rewrite(path, bundle);
    return hosts_all;
  }

  static Places places(const Unpacked& bundle, const ImageRef& ref) {
    return places_of(ref.image, bundle.name, bundle.locations ? &*bundle.locations : nullptr);
  }

  static void rewrite(const fs::path& path, const Unpacked& bundle) {
    ImagesLock relocated = bundle.lock;
    for (ImageRef& ref : relocated.images) ref.image.name = places(bundle, ref).front();
    const auto mode = static_cast<unsigned>(fs::status(path).permissions() & fs::perms::all);
    write_file_atomically(path, relocated.to_yaml(), mode);
  }

  static bool is_known_image(const Unpacked& bundle, const Digest& digest) {
    if (!bundle.locations) return false;
    return std::ranges::any_of(bundle.locations->entries, [&](const LocationEntry& entry) {
      return entry.image.digest == digest && !entry.is_bundle;
    });
  }

  /// False if a bundle was not at the first of its places.
  bool unpack_nested(const Unpacked& bundle, std::size_t depth) {
    bool all_at_first = true;
    for (const ImageRef& ref : bundle.lock.images) {
      const Digest& digest = *ref.image.digest;
      if (is_known_image(bundle, digest)) continue;
      if (seen_.contains(digest)) {
        say(depth, text::cat("Pulling nested bundle '", to_string(ref.image), "'"));
        say(depth, "Skipped, already downloaded");
        continue;
      }
      const RepositoryName first = places(bundle, ref).front();
      const Located found = find(ref.image, places(bundle, ref));
      if (found.name != first) {
        all_at_first = false;
        if (bundle.locations) {
          context_.progress->warn(text::cat(to_string(ref.image), " is not in ", to_string(first),
                                            ", where the locations of its bundle say it is: the lock file stays as "
                                            "it is"));
        }
      }
      if (!is_bundle(*found.source, found.manifest.parsed, context_.stop)) continue;
      if (seen_.size() == 1) {  // only the outermost one was seen
        say(0, "");
        say(0, "Nested bundles");
      }
      seen_.insert(digest);
      say(depth, text::cat("Pulling nested bundle '", name_of(found), "'"));
      const fs::path tree = output_.scratch("bundles") / text::cat(digest.algorithm(), "-", digest.hex());
      make_directory_if_absent(tree.parent_path());
      make_directory(tree);
      unpack_bundle(found, tree, depth);
      report_.nested.push_back(reference_to(found));
    }
    return all_at_first;
  }

  /// Nested bundles are unpacked aside, so that no link in an outer one can redirect an inner one.
  void move_nested_in() {
    const fs::path nested = output_.scratch("bundles");
    if (!fs::exists(nested)) return;
    const fs::path target = lock_path(output_.content()).parent_path() / "bundles";
    if (fs::symlink_status(target).type() != fs::file_type::not_found) {
      throw Error(ErrorCode::Hostile, "The bundle already contains .imgpkg/bundles, where nested bundles belong");
    }
    rename_file(nested, target);
  }

  const PullOptions& options_;
  const Context& context_;
  std::unique_ptr<PullSource> source_;
  OutputDirectory output_;
  std::set<Digest> seen_;
  PullReport report_;
};

Reference source_reference(const SourceArgument& source) {
  if (source.kind != SourceArgument::Kind::Lock) return given_reference(source.value);
  const auto lock = read_lock_file(source.value);
  if (const auto* bundle = std::get_if<BundleLock>(&lock)) return bundle->image;
  throw Error(ErrorCode::Usage, text::cat(source.value, " is an ImagesLock: a pull takes a BundleLock"));
}

void check_recursion(const PullOptions& options, bool is_image) {
  if (!is_image || !options.recursive) return;
  throw Error(ErrorCode::Usage, "Cannot use --recursive (-r) flag when pulling an image").hint("use -b for bundles");
}

/// What a source means in an archive: images have the names that they were exported with, and a lock file may name
/// another place of a bundle.
const SetImage& image_in(const OpenStore& store, const SourceArgument& source) {
  if (source.kind == SourceArgument::Kind::Lock) {
    return image_meant(store.set, source_reference(source).digest.value().text());
  }
  return source.value.empty() ? only_root(store.set) : image_meant(store.set, source.value);
}

}  // namespace

PullReport pull(const PullOptions& options, const Context& context) {
  const bool is_image = options.source.kind == SourceArgument::Kind::Image;
  check_recursion(options, is_image);
  const Reference reference = source_reference(options.source);
  Pull pull(options, pull_from_registries(context), context);
  if (is_image) {
    pull.image(reference);
  } else {
    pull.bundle(reference);
  }
  return pull.report();
}

StorePullReport pull_from_archive(const std::filesystem::path& archive, const std::vector<std::filesystem::path>& bases,
                                  const PullOptions& options, const Context& context) {
  const OpenStore store = open_store(archive, bases, context);
  const SetImage& image = image_in(store, options.source);
  const bool decides_itself = options.source.kind == SourceArgument::Kind::Either;
  const bool is_image = decides_itself ? !image.is_bundle : options.source.kind == SourceArgument::Kind::Image;
  check_recursion(options, is_image);
  Pull pull(options, pull_from_store(store, context), context);
  check_not_read({.copied = {archive}, .bases = bases}, options.output, context.volumes);
  if (is_image) {
    pull.image(image.reference);
  } else {
    pull.bundle(image.reference);
  }
  return {pull.report(), !is_image};
}

}  // namespace ociferry
