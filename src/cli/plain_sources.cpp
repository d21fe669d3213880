#include "cli/plain_sources.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/standard_input.hpp"
#include "oci/given_reference.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kListBytes = 16 * 1024 * 1024;
constexpr std::size_t kListedImages = 100'000;
constexpr std::size_t kShown = 200;
constexpr std::string_view kStandardInput = "-";
constexpr std::string_view kSpaces = " \t\r";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_utf16(std::string_view text) { return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"); }

/// What a line says, without spaces and comment.
std::string_view content_of(std::string_view line) {
  for (auto hash = line.find('#'); hash != std::string_view::npos; hash = line.find('#', hash + 1)) {
    if (hash != 0 && kSpaces.find(line[hash - 1]) == std::string_view::npos) continue;
    line = line.substr(0, hash);
    break;
  }
  const auto begin = line.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kSpaces) + 1 - begin);
}

SourceArgument listed_source(std::string_view word, const std::string& file, std::size_t line) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::Usage, text::cat(file, ":", line, ": ", why))
        .hint(
            "a list of images has one reference a line, such as registry.example.com/team/app:v1; # begins a comment");
  };
  if (word.find_first_of(kSpaces) != std::string_view::npos) {
    throw refuse(text::cat("'", text::printable(word.substr(0, kShown)), "' is more than one reference"));
  }
  try {
    static_cast<void>(given_reference(word));
  } catch (const Error& error) {
    throw refuse(error.message());
  }
  return {SourceArgument::Kind::Either, std::string(word)};
}

Error too_large(const std::string& file) {
  return Error(ErrorCode::Usage, text::cat(file, " is too large for a list of images: it may have ",
                                           text::human_bytes(kListBytes), " and name ", kListedImages, " images"))
      .hint("split it, and make an archive of each part");
}

}  // namespace

SourceArgument plain_source(const std::string& word) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(word, unknown)) return {SourceArgument::Kind::Either, word};
  Error error(ErrorCode::Usage, fmt::format("'{}' is a file, not a bundle or image in a registry", word));
  if (word.ends_with(".yml") || word.ends_with(".yaml")) {
    throw std::move(error).hint(fmt::format("give a lock file with --lock {}", word));
  }
  if (word.ends_with(".tar")) {
    throw std::move(error).hint(fmt::format("ociferry copy --tar {} reads an archive", word));
  }
  throw std::move(error).hint(fmt::format(
      "give a list of images with --images-file {}; an image of that name is written with its tag, {}:latest", word,
      word));
}

std::vector<SourceArgument> parse_images_list(std::string_view text, const std::string& file) {
  if (is_utf16(text)) {
    throw Error(ErrorCode::Usage, text::cat(file, " is text in UTF-16")).hint("save it as UTF-8, or plain ASCII");
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<SourceArgument> sources;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const std::string_view word = content_of(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word.empty()) continue;
    if (sources.size() == kListedImages) throw too_large(file);
    sources.push_back(listed_source(word, file, line));
  }
  if (sources.empty()) throw Error(ErrorCode::Usage, text::cat(file, " lists no images"));
  return sources;
}

std::vector<SourceArgument> read_images_file(const std::string& file, const std::stop_token& stop) {
  if (file == kStandardInput) {
    const auto text = read_standard_input(kListBytes, stop);
    if (!text) throw too_large("standard input");
    return parse_images_list(*text, "standard input");
  }
  std::error_code unknown;
  if (std::filesystem::is_regular_file(file, unknown) && std::filesystem::file_size(file, unknown) > kListBytes) {
    throw too_large(file);
  }
  return parse_images_list(read_file(file, kListBytes), file);
}

}  // namespace ociferry
