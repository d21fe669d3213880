#include "ociferry/scrub.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "base/fd.hpp"
#include "base/sizes.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "ociferry/version.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kMostLogBytes = 64 * kMiB;
constexpr std::string_view kRight = "right";
constexpr std::string_view kDamaged = "damaged";

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  static_cast<void>(::gmtime_r(&now, &parts));
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string to_line(const ScrubEntry& entry) {
  Json::Object line{{"time", entry.time},
                    {"archive", entry.archive},
                    {"fingerprint", entry.fingerprint ? Json(entry.fingerprint->text()) : Json()},
                    {"bytes", entry.bytes ? Json(*entry.bytes) : Json()},
                    {"result", std::string(entry.is_right ? kRight : kDamaged)}};
  if (!entry.is_right) line.emplace_back("problem", entry.problem);
  line.emplace_back("medium", entry.medium);
  line.emplace_back("version", entry.version);
  return Json(std::move(line)).dump();
}

std::optional<ScrubEntry> parse_line(std::string_view line) {
  try {
    const Json json = Json::parse(line, "scrub log");
    ScrubEntry entry{.time = json.string_at("time"),
                     .archive = json.string_at("archive"),
                     .fingerprint = Digest::try_parse(json.string_at("fingerprint")),
                     .problem = json.string_at("problem"),
                     .version = json.string_at("version")};
    const std::string result = json.string_at("result");
    if (entry.time.empty() || (result != kRight && result != kDamaged)) return std::nullopt;
    entry.is_right = result == kRight;
    if (const Json* bytes = json.find("bytes"); bytes != nullptr && bytes->as_int() != nullptr) {
      entry.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *bytes->as_int()));
    }
    const Json* const medium = json.find("medium");
    entry.medium = medium != nullptr && medium->as_bool() != nullptr && *medium->as_bool();
    return entry;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Hostile) throw;
    return std::nullopt;
  }
}

/// What is known of a log before a line is added.
struct ScrubLog {
  std::vector<ScrubEntry> entries;
  bool ends_within_line = false;
};

ScrubLog read_log(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMostLogBytes);
  ScrubLog log{.entries = {}, .ends_within_line = !text.empty() && text.back() != '\n'};
  std::size_t number = 0;
  for (const std::string& line : text::split(text, '\n')) {
    if (line.empty()) continue;
    auto entry = parse_line(line);
    if (++number == 1 && !entry) {
      throw Error(ErrorCode::Usage, text::cat(path.string(), " is no scrub log: its first line is none of one"))
          .hint("give a file that ociferry verify --scrub made, or one that is not there yet");
    }
    if (entry) log.entries.push_back(*std::move(entry));
  }
  return log;
}

UniqueFd open_log(const std::filesystem::path& path) {
  UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(text::cat("looking at ", path.string()), errno);
  if (S_ISREG(status.st_mode)) return fd;
  throw Error(ErrorCode::Usage, text::cat(path.string(), " is no file, so it cannot be a scrub log"));
}

/// What can be told of an archive before it is verified, or although it is damaged.
void look_at(ScrubEntry& entry, const VerifyOptions& options, const Context& context) {
  try {
    const auto archive = open_image_archive(options.archive, context.unpack, silent_progress(), context.stop,
                                            VolumeSearch{.directories = context.volumes.directories});
    entry.bytes = archive->total_bytes();
    if (const ArchiveReader* sealed = archive->sealed()) entry.fingerprint = sealed->fingerprint();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    std::error_code unknown;
    const auto size = std::filesystem::file_size(options.archive, unknown);
    if (!unknown) entry.bytes = size;
  }
}

bool is_damage_of_archive(const Error& error) {
  return error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Incomplete ||
         error.code() == ErrorCode::Hostile || error.code() == ErrorCode::Io;
}

/// "; it was right from A to B": since when, if the last entry of the same archive says so. Of one whose seal cannot be
/// read, the path tells which it is.
std::string was_right(const std::vector<ScrubEntry>& entries, const ScrubEntry& now) {
  std::string first;
  std::string last;
  for (const ScrubEntry& entry : entries) {
    const bool is_same = now.fingerprint ? entry.fingerprint == now.fingerprint : entry.archive == now.archive;
    if (!is_same) continue;
    if (!entry.is_right) {
      first.clear();
      last.clear();
      continue;
    }
    if (first.empty()) first = entry.time;
    last = entry.time;
  }
  if (last.empty()) return {};
  if (first == last) return text::cat("; it was right on ", text::printable(last));
  return text::cat("; it was right from ", text::printable(first), " to ", text::printable(last));
}

void append(const UniqueFd& fd, const std::filesystem::path& path, bool ends_within_line, const ScrubEntry& entry) {
  // One write, so that a line is there as a whole, and never within another's.
  write_full(fd.get(), as_bytes(text::cat(ends_within_line ? "\n" : "", to_line(entry), "\n")), path.string());
  fsync_fd(fd.get(), path.string());
}

}  // namespace

std::vector<ScrubEntry> read_scrub_log(const std::filesystem::path& log) { return read_log(log).entries; }

VerifyReport scrub(const VerifyOptions& options, const std::filesystem::path& log, const Context& context) {
  if (options.archive == "-") throw Error(ErrorCode::Usage, "a scrub log is about files, and standard input is none");
  const UniqueFd fd = open_log(log);
  ScrubLog known = read_log(log);
  ScrubEntry entry{.archive = options.archive.string(), .medium = options.medium, .version = std::string(version())};
  try {
    VerifyReport report = verify(options, context);
    entry.time = utc_now();
    entry.fingerprint = report.fingerprint;
    entry.bytes = report.archive_bytes;
    entry.is_right = true;
    append(fd, log, known.ends_within_line, entry);
    return report;
  } catch (const Error& error) {
    if (entry.is_right || !is_damage_of_archive(error)) throw;
    entry.time = utc_now();
    look_at(entry, options, context);
    entry.problem = error.message();
    append(fd, log, known.ends_within_line, entry);
    Error told(error.code(), error.message() + was_right(known.entries, entry));
    for (const std::string& step : error.context()) told.while_doing(step);
    throw std::move(told).hint(error.hint_text());
  }
}

}  // namespace ociferry
