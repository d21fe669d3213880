#include <utility>

#include "ferry/deliver/archive_output.hpp"
#include "ferry/deliver/left_out.hpp"
#include "ferry/deliver/write_archive.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/set/removal.hpp"
#include "ociferry/release_store.hpp"

namespace ociferry {

RemoveReport remove_images(const RemoveOptions& options, const Context& context) {
  check_output(options.output, options.force);
  LoadedArchives loaded = load_archives({options.archive}, {}, context);
  Removal removal = without_images(loaded.set, options.images);
  check_nothing_left_out(removal.rest, options.archive.string(),
                         "join it with what it builds on first, with 'ociferry merge'; nothing was written");
  RemoveReport report{.names = std::move(removal.names),
                      .gone = std::move(removal.gone),
                      .still_there = std::move(removal.still_there)};
  loaded.set = ImageSet({}, {});
  warn_of_nondistributable_layers(removal.rest, false, *context.progress);
  report.written = write_archive(std::move(removal.rest), options.output, context);
  report.written.archives = std::move(loaded.read);
  return report;
}

}  // namespace ociferry
