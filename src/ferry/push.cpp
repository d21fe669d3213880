#include <algorithm>

#include "archive/file_set.hpp"
#include "archive/layer_writer.hpp"
#include "archive/single_layer_image.hpp"
#include "base/context.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "bundle/bundle_input.hpp"
#include "bundle/limits.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/repair.hpp"
#include "ferry/deliver/tag_writer.hpp"
#include "ferry/gather/registries.hpp"
#include "medium/temporary_file.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "store/medium_blob.hpp"
#include "transfer/memory_blobs.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

std::filesystem::path temporary_directory() {
  std::error_code failure;
  std::filesystem::path directory = std::filesystem::temp_directory_path(failure);
  if (!failure) return directory;
  throw Error(ErrorCode::Usage, text::cat("there is no directory for temporary files: ", failure.message()))
      .hint("set TMPDIR to one that exists");
}

void check_options(const PushOptions& options) {
  if (options.target.digest) {
    throw Error(ErrorCode::Usage, text::cat("'", to_string(options.target), "' has a digest; a push needs a tag"))
        .hint("write REPOSITORY:TAG");
  }
  if (options.labels.contains(std::string(kBundleLabel))) {
    throw Error(ErrorCode::Usage, text::cat("label '", kBundleLabel,
                                            "' is reserved and cannot be overridden. Please use a different key"));
  }
  if (options.lock_output && !options.is_bundle) {
    throw Error(ErrorCode::Usage, "Lock output is not compatible with image, use bundle for lock output");
  }
  if (options.lock_output) check_lock_path(*options.lock_output);
}

/// Fails early on a lock file that no pull could read.
void check_images_lock(const std::vector<FileEntry>& entries) {
  const auto lock = std::ranges::find(entries, std::string(kImagesLockPath), &FileEntry::name);
  if (lock == entries.end()) return;
  const auto doing = [&] { return text::cat("checking ", lock->path.string()); };
  with_context(doing, [&] { static_cast<void>(ImagesLock::parse(read_file(lock->path, limits::kYamlBytes))); });
}

std::vector<FileEntry> collect(const PushOptions& options) {
  if (options.is_bundle) check_bundle_exclusions(options.exclusions);
  std::vector<FileEntry> entries = collect_files(options.files, options.exclusions);
  if (!options.is_bundle) {
    check_image_files(entries, options.files);
    return entries;
  }
  check_bundle_files(entries, options.files);
  check_images_lock(entries);
  return entries;
}

/// Puts what is not there yet, blobs first.
void put(Repository& repository, const Destination& to, const std::vector<TagState>& tags,
         const SingleLayerImage& image, const Descriptor& layer, MediumBlob& packed, Round round,
         const Context& context) {
  if (!tags.back().is_right() || round == Round::Repair) {
    MemoryBlobs configs;
    configs.add(image.config_descriptor.digest, image.config);
    context.progress->phase("pushing", layer.size);
    // In parallel, since each takes three round trips.
    run_parallel_or_throw(context.jobs, 2, context.stop, [&](std::size_t i, const std::stop_token& stop) {
      if (i == 0) {
        repository.put_blob(layer, packed, *context.progress, stop);
      } else {
        repository.put_blob(image.config_descriptor, configs, silent_progress(), stop);
      }
    });
  }
  for (const TagState& tag : tags) {
    throw_if_stopped(context.stop);
    if (!tag.is_right()) put_tag(to, tag, context);
  }
}

/// Returns true if the tag was right already.
bool upload(Repository& repository, const PushOptions& options, const SingleLayerImage& image, const Descriptor& layer,
            MediumBlob& packed, Round round, const Context& context) {
  const Destination to{options.target.name, repository, repository};
  const auto doing = [&] { return text::cat("writing '", to_string(to.name), ":", options.target.selector(), "'"); };
  const std::vector<TagState> tags = with_context(doing, [&] {
    const Digest& digest = image.manifest.descriptor.digest;
    return ask_tags(to, {{&image.manifest, image_tag(digest)}, {&image.manifest, options.target.selector()}}, context);
  });
  if (options.keep_tags) refuse_moves(to, tags);
  with_context(doing, [&] { put(repository, to, tags, image, layer, packed, round, context); });
  return tags.back().is_right();
}

/// Packs the files into a temporary file: an upload needs the digest of the whole layer first.
PackedLayer pack(const std::vector<FileEntry>& entries, const PushOptions& options, TemporaryFile& file,
                 const Context& context) {
  const Permissions permissions = options.preserve_permissions ? Permissions::Preserve : Permissions::OwnerOnly;
  try {
    return write_layer(entries, permissions, file, context.stop);
  } catch (Error& error) {
    if (error.code() != ErrorCode::Space) throw;
    std::uint64_t bytes = 0;
    for (const FileEntry& entry : entries) bytes += entry.size;
    error.while_doing(text::cat("packing ", bytes, " bytes of files"));
    error.hint("free some space there, or set TMPDIR to a directory that has it");
    throw;
  }
}

}  // namespace

PushReport push(const PushOptions& options, const Context& context) {
  check_options(options);
  const std::vector<FileEntry> entries = collect(options);
  for (const FileEntry& entry : entries) {
    context.progress->event(text::cat(entry.type == TarType::Directory ? "dir: " : "file: ", entry.name));
  }

  const std::filesystem::path temporary = temporary_directory();
  TemporaryFile file(temporary, text::cat("the packed layer in ", temporary.string()));
  const PackedLayer packed = pack(entries, options, file, context);

  std::map<std::string, std::string> labels = options.labels;
  if (options.is_bundle) labels.emplace(kBundleLabel, "true");
  const SingleLayerImage image = make_single_layer_image(packed.diff_id, packed.layer, labels);

  Registries registries(context);
  MediumBlob source(packed.layer.digest, std::move(file).finish("the packed layer"));  // it can be read again
  Repository& repository = *registries.repository(options.target.name);
  PushReport report{.pushed = Reference::by_digest(options.target.name, image.manifest.descriptor.digest),
                    .tag = options.target.selector(),
                    .layer_size = packed.layer.size};
  run_with_repairs(to_string(options.target.name), context, [&](Round round) {
    const bool tag_was_right = upload(repository, options, image, packed.layer, source, round, context);
    report.was_there = tag_was_right && round == Round::First;  // a repair uploads everything again
  });

  if (options.lock_output) {
    const BundleLock lock{.image = report.pushed, .tag = options.target.selector()};
    write_lock_file(*options.lock_output, lock.to_yaml());
  }
  return report;
}

}  // namespace ociferry
