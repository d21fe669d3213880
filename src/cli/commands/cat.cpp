#include <fmt/format.h>
#include <signal.h>

#include "base/sizes.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/store_output.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/error.hpp"
#include "stream/base64.hpp"

namespace ociferry {

namespace {

/// With --json the content is in memory.
constexpr std::size_t kMostInJson = 16 * kMiB;

void declare_cat(Arguments& arguments) {
  arguments.positional("ARCHIVE IMAGE PATH", true);
  declare_image_platform(arguments);
  declare_bases(arguments);
  declare_volume_search(arguments);
}

void cat_to_json(const ImageChoice& choice, const std::string& path, const Context& context, Console& console) {
  std::string content;
  const auto gather = [&](std::string_view bytes) {
    if (content.size() + bytes.size() > kMostInJson) {
      throw Error(ErrorCode::Usage,
                  fmt::format("'{}' is larger than the {} bytes that --json shows", path, kMostInJson))
          .hint("leave out --json: standard output is the content alone then");
    }
    content += bytes;
  };
  const FoundFile found = read_image_file(choice, path, gather, context);
  Json::Object members{{"archive", choice.archive.string()}, {"image", to_string(found.image)}};
  members.emplace_back("file", file_json(found.file));
  members.emplace_back("content", base64_encoded(content));
  console.document(std::move(members));
}

void run_cat(const Arguments& arguments, Context& context, Console& console) {
  const ImageChoice choice = image_choice(arguments);
  const auto& words = arguments.positional_values();
  if (words.size() < 3) throw Error(ErrorCode::Usage, "PATH is missing: name the file to show");
  if (words.size() > 3) throw Error(ErrorCode::Usage, fmt::format("'{}' is one argument too many", words[3]));
  context.volumes = volume_search_of(arguments, context.stop, console);
  if (console.options().json) return cat_to_json(choice, words[2], context, console);
  ::signal(SIGPIPE, SIG_DFL);  // a reader that has seen enough ends it, without a word, as it does cat(1)
  const auto write = [&](std::string_view bytes) { console.raw(bytes); };
  static_cast<void>(read_image_file(choice, words[2], write, context));
}

}  // namespace

const Command kCatCommand{
    .name = "cat",
    .summary = "Show a file of an image in an archive; needs no network",
    .usage = "ociferry cat ARCHIVE IMAGE PATH [--platform OS/ARCH[/VARIANT]] [options]",
    .examples =
        "  # Which release of a distribution an image is made of\n"
        "  ociferry cat apps.tar app:v1 /etc/os-release\n"
        "  # What a bundle needs\n"
        "  ociferry cat apps.tar registry.example.com/team/app:v1 .imgpkg/images.yml\n",
    .in_imgpkg = false,
    .unpacks = true,
    .writes_data = true,
    .declare = declare_cat,
    .run = run_cat,
};

}  // namespace ociferry
