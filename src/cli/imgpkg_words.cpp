#include "cli/imgpkg_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "cli/help.hpp"

namespace ociferry {

namespace {

using Words = std::pair<std::string_view, std::string_view>;

/// The begin of a message of ours, its end, and both of imgpkg's; between them stands the same.
struct Frame {
  std::string_view begin;
  std::string_view end;
  std::string_view theirs_begin;
  std::string_view theirs_end;
};

constexpr std::array<Words, 4> kWords = {
    {{"Cannot use --recursive (-r) flag when pulling an image",
      "Cannot use --recursive (-r) flag when pulling a bundle"},
     {"--output-type can only have the following values [", "--output-type can only have the following values: ["},
     {"is reserved and cannot be overridden.", "is reserved and cannot be overriden."},
     {"no answer within the response header time-out", "net/http: timeout awaiting response headers"}}};

constexpr std::array<Frame, 6> kFrames = {
    {{"Expected --image (-i) to name a repository", "", "could not parse reference: ", ""},
     {"Expected --image (-i) to name an image", "", "could not parse reference: ", ""},
     {"SHELL is missing", "", "accepts 1 arg(s), received 0", ""},
     {"no completion for the shell '", "'", "invalid argument \"", "\" for \"imgpkg completion\""},
     {"looking at ", ": No such file or directory", "lstat ", ": no such file or directory"},
     {"opening ", ": No such file or directory", "open ", ": no such file or directory"}}};

constexpr std::array<std::string_view, 4> kHints = {
    {"Use -b instead of -i for bundles", "Did you use -i instead of -b?", "Create a bundle with these images",
     "provide a specific digest to the image instead"}};

std::string framed(std::string message) {
  for (const Frame& frame : kFrames) {
    const std::size_t around = frame.begin.size() + frame.end.size();
    if (message.size() < around || !message.starts_with(frame.begin) || !message.ends_with(frame.end)) continue;
    return text::cat(frame.theirs_begin, std::string_view(message).substr(frame.begin.size(), message.size() - around),
                     frame.theirs_end);
  }
  return message;
}

/// "'a b' is not an image reference: why" is "could not parse reference: a b".
std::string about_reference(const std::string& message) {
  constexpr std::string_view kOurs = "' is not an image reference: ";
  const auto end = message.find(kOurs);
  if (!message.starts_with('\'') || end == std::string::npos) return message;
  return text::cat("could not parse reference: ", std::string_view(message).substr(1, end - 1));
}

/// The first question to a registry belongs to the making of a connection there.
std::string about_ping(const std::string& message) {
  constexpr std::string_view kMethod = "GET ";
  const auto end = message.find("/v2/: ");
  if (!message.starts_with(kMethod) || end == std::string::npos) return message;
  const std::string_view rest = std::string_view(message).substr(end + 4);
  return text::cat(
      "Error while preparing a transport to talk with the registry: Unable to create round tripper: Get \"",
      std::string_view(message).substr(kMethod.size(), end + 4 - kMethod.size()), "\"", rest);
}

}  // namespace

std::string in_imgpkg_words(std::string message) {
  for (const auto& [ours, theirs] : kWords) {
    message = replaced(message, ours, theirs);
  }
  return about_ping(about_reference(framed(std::move(message))));
}

bool is_hint_of_imgpkg(std::string_view hint) { return std::ranges::find(kHints, hint) != kHints.end(); }

std::string imgpkg_subcommands(std::string_view parent) {
  constexpr std::string_view kAll =
      "completion [bash|zsh|fish|powershell], copy, describe, help [command], pull, push, tag, version";
  return text::cat("Use one of available subcommands: ", parent == "tag" ? "list, resolve" : kAll);
}

}  // namespace ociferry
