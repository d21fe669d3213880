#include <fmt/format.h>

#include <algorithm>

#include "archive/unpacker.hpp"
#include "base/text.hpp"
#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/confinement.hpp"
#include "http/curl_transport.hpp"

namespace ociferry {

namespace {

std::string sandbox_line() {
  if (is_sandbox_off()) return "off (OCIFERRY_SANDBOX=off)";
  const SandboxFeatures offered = sandbox_features();
  return fmt::format("{}, {}", offered.landlock == 0 ? "no Landlock" : fmt::format("Landlock {}", offered.landlock),
                     offered.seccomp ? "seccomp" : "no seccomp");
}

/// Details for bug reports and administrators.
std::string details(std::string_view program) {
  const BuildInfo build = build_info();
  std::string out;
  out += fmt::format("compiler:  {} ({})\n", build.compiler, build.build_type);
  out += fmt::format("hardening: {}\n", build.hardening);
  out += fmt::format("libraries: {} {} {}\n", transport_libraries(), unpacking_libraries(), build.built_with);
  out += fmt::format("sandbox:   {}\n", sandbox_line());
  std::size_t width = 0;
  for (const Command* command : commands_of(program)) width = std::max(width, command->name.size());
  for (const Command* command : commands_of(program))
    out += fmt::format("  {:{}}  {}\n", command->name, width, rights_text(*command));
  return out;
}

void run_version(const Arguments& arguments, Context&, Console& console) {
  Json::Object members{{"version", console.options().build}};
  console.block(text::cat(console.options().program, " version ", console.options().build, "\n"));
  if (arguments.on("verbose")) {
    const std::string text = details(console.options().program);
    console.block(text);
    members.emplace_back("details", text);
  }
  console.document(std::move(members));
}

}  // namespace

const Command kVersionCommand{
    .name = "version",
    .summary = "Print the version",
    .usage = "ociferry version [--verbose]",
    .declare =
        [](Arguments& arguments) {
          arguments.flag("verbose,v", "Also how it was built, with which libraries, and what the sandbox can do here");
        },
    .run = run_version,
};

}  // namespace ociferry
