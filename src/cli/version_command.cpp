#include "cli/command.hpp"
#include "ociferry/version.hpp"

namespace ociferry {

const Command kVersionCommand{
    .name = "version",
    .summary = "Print the version",
    .usage = "ociferry version",
    .declare = [](Arguments&) {},
    .run = [](const Arguments&, Context&,
              Console& console) { console.result("ociferry version " + std::string(version())); },
};

}  // namespace ociferry
