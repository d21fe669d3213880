#include "ociferry/split.hpp"
#include "ferry/write/inputs_stay.hpp"

#include "base/text.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/compact_copy.hpp"
#include "ferry/write/whole_copy.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Opens a sealed archive, and checks its headers.
std::shared_ptr<ImageArchive> open_sealed(const std::filesystem::path& path, const Context& context) {
  auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes, nullptr,
                                    Reading::InOrder);
  if (archive->sealed() == nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is no archive with a seal, but one of another tool (",
                                            to_string(archive->format()), ")"))
        .hint(text::cat("make one of it, divided or not: ociferry copy --tar ", path.string(), " --to-tar OUT.tar"));
  }
  if (archive->compact_base() != nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is a compact archive that builds on another one"))
        .hint(text::cat("give both: ociferry expand ", path.string(), " --base FILE -o OUT.tar, with --volume-size"));
  }
  archive->sealed()->check_headers();
  return archive;
}

}  // namespace

SplitReport split_archive(const SplitOptions& options, const Context& context) {
  const CopyOutput to{.file = options.output,
                      .volumes = options.volumes,
                      .force = options.force,
                      .verify_medium = options.verify_medium};
  check_inputs_stay({.copied = {options.archive}}, options.output, options.volumes, context.volumes);
  if (options.as_it_is) {
    if (const auto packed = open_packed(options.archive, context)) return copy_packed(*packed, to, context);
  }
  check_copy_output(to);
  return copy_whole(*open_sealed(options.archive, context), to, context);
}

SplitReport join_archive(const JoinOptions& options, const Context& context) {
  const CopyOutput to{.file = options.output, .force = options.force};
  check_inputs_stay({.copied = {options.volumes}}, options.output, {}, context.volumes);
  if (is_compact_set(options.volumes, context.volumes)) {
    return copy_packed(open_packed(options.volumes, context).value(), to, context);
  }
  check_archive_name(options.output.string());
  check_copy_output(to);
  const auto archive = open_sealed(options.volumes, context);
  if (archive->compact() != nullptr) {
    throw Error(ErrorCode::Usage, text::cat(options.volumes.string(), " is a compact archive, and no volume"))
        .hint(text::cat("make the plain archive of it: ociferry expand ", options.volumes.string(), " -o ",
                        options.output.string()));
  }
  return copy_whole(*archive, to, context);
}

}  // namespace ociferry
