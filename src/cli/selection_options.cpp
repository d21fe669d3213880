#include "cli/selection_options.hpp"

namespace ociferry {

void declare_patterns(Arguments& arguments) {
  arguments.repeated("include", "PATTERN",
                     "Only what has a name that matches, such as '*/app:*', and what that needs (can be repeated)");
  arguments.repeated("exclude", "PATTERN", "Leave out what has a name that matches (can be repeated)");
}

Selection selection_of(const Arguments& arguments, bool of_archive) {
  if (arguments.called_as() == CalledAs::Imgpkg && !of_archive) return {};
  Selection selection{.include = arguments.list_of("include"), .exclude = arguments.list_of("exclude")};
  if (!of_archive) return selection;
  selection.bundles = arguments.list_of("bundle");
  selection.images = arguments.list_of("image");
  return selection;
}

}  // namespace ociferry
