#include "base/text.hpp"
#include "cli/command.hpp"
#include "ociferry/version.hpp"

namespace ociferry {

const Command kVersionCommand{
    .name = "version",
    .summary = "Print the version",
    .usage = "ociferry version",
    .declare = [](Arguments&) {},
    .run = [](const Arguments&, Context&,
              Console& console) { console.block(text::cat(console.options().program, " version ", version(), "\n")); },
};

}  // namespace ociferry
