#include "cli/imgpkg_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "cli/help.hpp"

namespace ociferry {

namespace {

using Words = std::pair<std::string_view, std::string_view>;

/// The beginning and end of a message of ours, and those of imgpkg's; the text between them is the same.
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
  const auto end = message.find(kOurs, 1);
  if (!message.starts_with('\'') || end == std::string::npos) return message;
  return text::cat("could not parse reference: ", std::string_view(message).substr(1, end - 1));
}

/// In imgpkg, the first request to a registry is part of making the connection.
std::string about_ping(const std::string& message) {
  constexpr std::string_view kMethod = "GET ";
  const auto end = message.find("/v2/: ");
  if (!message.starts_with(kMethod) || end == std::string::npos) return message;
  const std::string_view rest = std::string_view(message).substr(end + 4);
  return text::cat(
      "Error while preparing a transport to talk with the registry: Unable to create round tripper: Get \"",
      std::string_view(message).substr(kMethod.size(), end + 4 - kMethod.size()), "\"", rest);
}

/// The message of Go's library for a response without a message.
std::string unexpected_status(std::string_view method, std::string_view status) {
  constexpr std::array<Words, 8> kReasons = {{{"401", "Unauthorized"},
                                              {"403", "Forbidden"},
                                              {"404", "Not Found"},
                                              {"429", "Too Many Requests"},
                                              {"500", "Internal Server Error"},
                                              {"502", "Bad Gateway"},
                                              {"503", "Service Unavailable"},
                                              {"504", "Gateway Timeout"}}};
  const auto reason = std::ranges::find(kReasons, status, &Words::first);
  return text::cat("unexpected status code ", status, reason == kReasons.end() ? "" : " ",
                   reason == kReasons.end() ? "" : reason->second,
                   method == "HEAD" ? " (HEAD responses have no body, use GET for details)" : "");
}

bool is_code(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

/// True for "CODE: words; CODE: words".
bool are_several(std::string_view errors) {
  for (auto next = errors.find("; "); next != std::string_view::npos; next = errors.find("; ", next + 1)) {
    const std::string_view rest = errors.substr(next + 2);
    if (is_code(rest.substr(0, rest.find(": "))) && rest.find(": ") != std::string_view::npos) return true;
  }
  return false;
}

/// The method of "METHOD http..."; empty for anything else.
std::string_view method_of(std::string_view message) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  const std::string_view word = message.substr(0, message.find(' '));
  const bool is_request = std::ranges::find(kMethods, word) != kMethods.end() &&
                          message.substr(std::min(word.size() + 1, message.size())).starts_with("http");
  return is_request ? word : std::string_view();
}

/// In imgpkg, to fetch a manifest is to fetch an image.
bool is_fetch(std::string_view method, std::string_view url) {
  return method == "GET" && url.find("/manifests/") != std::string_view::npos;
}

/// "REF: not found: GET URL: answered 404 (CODE: words); ..." is "Fetching image: GET URL: CODE: words".
std::string about_refusal(const std::string& message) {
  constexpr std::string_view kAbsent = ": not found: ";
  constexpr std::string_view kAnswered = ": answered ";
  constexpr std::size_t kStatusLength = 3;
  const auto absent = message.find(kAbsent);
  const bool is_absent = absent != std::string::npos && absent < message.find(' ');
  const std::string rest = is_absent ? message.substr(absent + kAbsent.size()) : message;
  const std::string_view method = method_of(rest);
  const auto answered = rest.find(kAnswered);
  if (method.empty() || answered == std::string::npos || answered != rest.find(": ")) return message;
  const std::string_view request = std::string_view(rest).substr(0, answered);
  const std::string_view said = std::string_view(rest).substr(answered + kAnswered.size());
  const std::string_view status = said.substr(0, kStatusLength);
  std::string_view words = said.substr(status.size());
  const auto end = words.rfind(')');
  const bool has_words = words.starts_with(" (") && end != std::string_view::npos;
  if (has_words) words = words.substr(2, std::min(end, words.find("); credentials: ")) - 2);
  return text::cat(is_fetch(method, request) ? "Fetching image: " : "", request, ": ",
                   has_words && are_several(words) ? "multiple errors returned: " : "",
                   has_words ? std::string(words) : unexpected_status(method, status));
}

/// imgpkg looks for such a layer in the tar only.
std::string about_foreign_layer(const std::string& message) {
  constexpr std::string_view kLayer = "the layer sha256:";
  constexpr std::size_t kHexLength = 64;
  if (!message.starts_with(kLayer) || message.find(") cannot be fetched:") == std::string::npos) return message;
  return text::cat("file sha256-", std::string_view(message).substr(kLayer.size(), kHexLength),
                   ".tar.gz not found in tar (hint: This may be because when copying to a tarball, the "
                   "--include-non-distributable-layers flag should have been provided.)");
}

}  // namespace

std::string in_imgpkg_words(std::string message) {
  for (const auto& [ours, theirs] : kWords) {
    message = replaced(message, ours, theirs);
  }
  return about_foreign_layer(about_refusal(about_ping(about_reference(framed(std::move(message))))));
}

std::string in_imgpkg_context(std::string context, std::string_view message) {
  const bool is_upload = context.starts_with("Writing '") && !message.starts_with("Error while preparing a transport");
  return text::cat(context, ": ", is_upload ? "Writing image: " : "");
}

std::vector<std::string> in_imgpkg_list(std::string_view notice) {
  constexpr std::string_view kImage = "  - Image: ";
  constexpr std::string_view kLayers = ", Layers: ";
  std::vector<std::string> lines;
  for (const std::string& line : text::split(notice, '\n')) {
    const auto layers = line.find(kLayers);
    if (!line.starts_with(kImage) || layers == std::string::npos) {
      lines.push_back(lines.empty() ? text::cat("Warning: ", line) : line);
      continue;
    }
    lines.push_back(line.substr(1, layers - 1));
    lines.emplace_back("   Layers:");
    for (const std::string& layer : text::split(std::string_view(line).substr(layers + kLayers.size()), ',')) {
      lines.push_back(text::cat("     - ", text::trim(layer)));
    }
  }
  return lines;
}

bool is_hint_of_imgpkg(std::string_view hint) { return std::ranges::find(kHints, hint) != kHints.end(); }

std::string imgpkg_subcommands(std::string_view parent) {
  constexpr std::string_view kAll =
      "completion [bash|zsh|fish|powershell], copy, describe, help [command], pull, push, tag, version";
  return text::cat("Use one of available subcommands: ", parent == "tag" ? "list, resolve" : kAll);
}

}  // namespace ociferry
