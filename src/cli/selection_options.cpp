#include "cli/selection_options.hpp"

#include "oci/platform.hpp"

namespace ociferry {

void declare_patterns(Arguments& arguments) {
  arguments.repeated("include", "PATTERN",
                     "Only what has a name that matches, such as '*/app:*', and what that needs (can be repeated)");
  arguments.repeated("exclude", "PATTERN", "Leave out what has a name that matches (can be repeated)");
}

void declare_platform(Arguments& arguments) {
  arguments.list("platform", "OS/ARCH[/VARIANT]",
                 "Of indexes, take only the children for this platform, such as linux/amd64 (can be repeated)");
}

Selection selection_of(const Arguments& arguments, bool of_archive) {
  if (arguments.called_as() == CalledAs::Imgpkg && !of_archive) return {};
  Selection selection{.include = arguments.list_of("include"), .exclude = arguments.list_of("exclude")};
  for (const std::string& platform : arguments.list_of("platform")) {
    selection.platforms.push_back(parse_platform(platform));
  }
  if (!of_archive) return selection;
  selection.bundles = arguments.list_of("bundle");
  selection.images = arguments.list_of("image");
  return selection;
}

}  // namespace ociferry
