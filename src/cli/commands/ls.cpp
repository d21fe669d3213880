#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/store_output.hpp"
#include "cli/volume_options.hpp"

namespace ociferry {

namespace {

void declare_ls(Arguments& arguments) {
  arguments.positional("ARCHIVE [IMAGE]", true);
  declare_image_platform(arguments);
  declare_bases(arguments);
  declare_volume_search(arguments);
}

void run_ls(const Arguments& arguments, Context& context, Console& console) {
  const std::string archive = arguments.positional_value();
  const auto& words = arguments.positional_values();
  if (words.size() > 2) throw Error(ErrorCode::Usage, fmt::format("'{}' is one argument too many", words[2]));
  context.volumes = volume_search_of(arguments, context.stop, console);
  if (words.size() < 2) {
    const InspectReport report = inspect(archive, context);
    console.finish_progress();
    console.document(image_list_members(report));
    return console.table(image_table(report));
  }
  const FileList list = list_files(image_choice(arguments), context);
  console.finish_progress();
  console.document(file_list_members(list, archive));
  for (const ImageFile& file : list.files) console.result(file_line(file));
}

}  // namespace

const Command kLsCommand{
    .name = "ls",
    .summary = "List the images of an archive, or the files of an image in it; needs no network",
    .usage = "ociferry ls ARCHIVE [IMAGE] [--platform OS/ARCH[/VARIANT]] [options]",
    .examples =
        "  # What is in an archive; the same for scripts\n"
        "  ociferry ls apps.tar\n"
        "  ociferry ls apps.tar --json\n"
        "  # The files of an image, as a container would see them\n"
        "  ociferry ls apps.tar app:v1\n",
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_ls,
    .run = run_ls,
};

}  // namespace ociferry
