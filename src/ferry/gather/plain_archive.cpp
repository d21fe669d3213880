#include "ferry/gather/plain_archive.hpp"

#include <utility>

#include "base/text.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/set/archive_contents.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

PlainArchive open_plain(const std::filesystem::path& path, const Context& context) {
  auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
  if (archive->compact() != nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is a compact archive already"))
        .hint(text::cat("use it as it is; for another effort, make one of the plain archive: ociferry expand ",
                        path.string(), " -o OUT.tar"));
  }
  if (archive->sealed() == nullptr) {
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is no archive with a seal, but one of another tool (",
                                            to_string(archive->format()), ")"))
        .hint(text::cat("make one of it first: ociferry copy --tar ", path.string(), " --to-tar OUT.tar"));
  }
  if (archive->sealed()->stream() != nullptr) {
    throw Error(ErrorCode::Usage, text::cat(archive->name(), " is a stream, and is read twice for a compact archive"))
        .hint("write it to a file, and give that");
  }
  archive->sealed()->check_headers();
  std::set<Digest> layers = separable_layers(load_archive(archive, context));
  return {.archive = std::move(archive), .layers = std::move(layers)};
}

}  // namespace ociferry
