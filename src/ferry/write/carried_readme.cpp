#include "ferry/write/carried_readme.hpp"

#include <map>

#include "base/shell_word.hpp"
#include "base/text.hpp"

namespace ociferry {

namespace {

/// The page is known by its first line, so it must never change.
constexpr std::string_view kTitle = "CONTAINER IMAGES FOR A SITE WITHOUT INTERNET, WRITTEN BY OCIFERRY\n";

constexpr std::string_view kReadmeText = R"(
In this directory:

  {archive}
    {images} Fingerprint: {fingerprint}
{programs}  SHA256SUMS
    To check that {summed} arrived as written.
{several}{media}
1. CHECK WHAT HAS ARRIVED

  sha256sum -c SHA256SUMS
  {program} verify {archive}

The first command compares {summed} with what was written.
The second one checks every byte of the archive, and shows its fingerprint. Ask
the sender for the fingerprint by another way than this medium, such as by
telephone: whoever could change the archive on its way could change this page
and the program, too. This compares the two:

  {program} verify {archive} --fingerprint FINGERPRINT

If "Permission denied" is all that comes, no program may be started from this
medium. Then start a copy of it:

  cp {name} /tmp/ociferry && chmod +x /tmp/ociferry

2. SEE WHAT IS IN IT

  {program} inspect {archive}

3. PUT IT INTO YOUR REGISTRY

  {program} login registry.internal
  {program} import {archive} --to-registry registry.internal/mirror

Write the name of your registry; leave out the login if it wants no password.
Each image gets a repository of its own. With --to-repo registry.internal/all
instead, one repository gets all of them. If an authority of your own signed
the registry's certificate, add --registry-ca-cert-path FILE. Whatever
interrupts an import: run the same command again.

IF IT FAILS

The message says what happened, why, and what to do. Exit codes (echo $?):

   0      done
   1      the command line is wrong
  10      the archive is damaged: copy it again, from the sender if need be
  13      a newer ociferry wrote the archive, or it breaks a safety rule
  20, 21  the registry requires other credentials, or denies access
  23      the network or the registry failed: run the same command again
  24      the registry refuses what is written
  30      no space left

More help, without internet:

  {program} help import
  {program} --help
)";

using Values = std::map<std::string, std::string, std::less<>>;

/// `page` with the values in the places of their names.
std::string filled(std::string_view page, const Values& values) {
  std::string out;
  while (true) {
    const auto open = page.find('{');
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    const auto close = page.find('}', open);
    out += values.find(page.substr(open + 1, close - open - 1))->second;
    page.remove_prefix(close + 1);
  }
}

/// As an argument: one word, and no option.
std::string argument(const std::string& file) { return shell_word(file.starts_with('-') ? "./" + file : file); }

std::string about_programs(const std::vector<CarriedProgram>& programs) {
  std::string out;
  for (const CarriedProgram& program : programs) {
    out += text::cat("  ", program.name, "\n    The program that reads it, for ",
                     program.architecture == "amd64" ? "x86_64 (amd64)" : "aarch64 (arm64)",
                     ". It needs Linux 4.18 or\n    newer, and nothing else: no internet, no installation, no root.\n");
  }
  return out;
}

/// Which of several programs is for which machine.
std::string about_several(const std::vector<CarriedProgram>& programs) {
  if (programs.size() < 2) return {};
  return text::cat("\nWhere uname -m prints aarch64, write ./", programs[1].name, " instead of\n./", programs[0].name,
                   " in all commands.\n");
}

std::string about_images(std::size_t volumes) {
  if (volumes == 0) return "The images.";
  if (volumes == 1) return "The images, in one volume.";
  return text::cat("The images, in ", volumes, " volumes, of which this is the first: all are needed.\n   ");
}

/// What to do where volumes lie apart.
constexpr std::string_view kOnSeveralMedia = R"(
Some volumes are on other media. Copy all volumes into one directory, or add to
the commands below --volume-dir DIR for each other directory with some of them.
On a terminal, the program asks for each volume that it does not find. Each
medium has a SHA256SUMS of its own.
)";

}  // namespace

std::string readme_text(const CarriedReadme& facts) {
  const std::string& name = facts.programs.front().name;
  const bool both = facts.archive_is_summed;
  return text::cat(kTitle, filled(kReadmeText, {{"archive", argument(facts.archive)},
                                                {"fingerprint", spoken(facts.fingerprint)},
                                                {"programs", about_programs(facts.programs)},
                                                {"several", about_several(facts.programs)},
                                                {"images", about_images(facts.volumes)},
                                                {"media", std::string(facts.is_elsewhere_too ? kOnSeveralMedia : "")},
                                                {"summed", both ? "archive and program" : "the program (only it)"},
                                                {"program", "./" + name},
                                                {"name", name}}));
}

bool is_readme_of_ours(std::string_view text) { return text.starts_with(kTitle); }

}  // namespace ociferry
