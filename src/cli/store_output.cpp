#include "cli/store_output.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/results.hpp"
#include "oci/platform.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::vector<std::string> texts_of(const std::vector<Reference>& references) {
  std::vector<std::string> texts;
  for (const Reference& one : references) texts.push_back(to_string(one));
  return texts;
}

Json references_json(const std::vector<Reference>& references) {
  Json::Array array;
  for (std::string& text : texts_of(references)) array.emplace_back(std::move(text));
  return array;
}

constexpr std::size_t kDigestDigits = 12;

/// The names of an image, as references.
std::vector<Reference> names_of_image(const InspectedImage& image) {
  std::vector<Reference> names;
  for (const std::string& tag : image.tags) names.push_back({image.reference.name, tag, std::nullopt});
  if (names.empty()) names.push_back({image.reference.name, std::nullopt, std::nullopt});
  for (const Reference& name : image.also) names.push_back({name.name, name.tag, std::nullopt});
  return names;
}

std::string_view type_of(ImageFile::Kind kind) {
  switch (kind) {
    case ImageFile::Kind::Directory: return "directory";
    case ImageFile::Kind::Symlink: return "link";
    case ImageFile::Kind::CharacterDevice: return "character device";
    case ImageFile::Kind::BlockDevice: return "block device";
    case ImageFile::Kind::Fifo: return "fifo";
    case ImageFile::Kind::File: break;
  }
  return "file";
}

char type_letter(ImageFile::Kind kind) {
  switch (kind) {
    case ImageFile::Kind::Directory: return 'd';
    case ImageFile::Kind::Symlink: return 'l';
    case ImageFile::Kind::CharacterDevice: return 'c';
    case ImageFile::Kind::BlockDevice: return 'b';
    case ImageFile::Kind::Fifo: return 'p';
    case ImageFile::Kind::File: break;
  }
  return '-';
}

/// "drwxr-xr-x", with s and t for setuid, setgid and sticky bits.
std::string mode_text(const ImageFile& file) {
  std::string text(1, type_letter(file.kind));
  constexpr std::string_view kLetters = "rwx";
  for (int who = 2; who >= 0; --who) {
    for (int what = 2; what >= 0; --what) {
      const bool is_on = ((file.mode >> (3 * who + what)) & 1) != 0;
      text += is_on ? kLetters[static_cast<std::size_t>(2 - what)] : '-';
    }
    if (((file.mode >> (9 + who)) & 1) == 0) continue;
    const char letter = who == 0 ? 't' : 's';
    text.back() = text.back() == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
  }
  return text;
}

std::string id_text(const std::optional<std::uint64_t>& id) { return id ? fmt::format("{}", *id) : "?"; }

/// "2026-11-29 17:00" of UTC; the number of seconds beyond what a calendar has.
std::string time_text(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return fmt::format("{}", seconds);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", std::int64_t{parts.tm_year} + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

/// Text for JSON, which can hold no other bytes than UTF-8.
Json text_json(const std::string& text) { return text::is_utf8(text) ? text : text::printable(text); }

}  // namespace

void declare_image_platform(Arguments& arguments) {
  arguments.text("platform", "OS/ARCH[/VARIANT]", "Of an index, the image for this platform, such as linux/amd64");
}

ImageChoice image_choice(const Arguments& arguments) {
  const auto& words = arguments.positional_values();
  const std::string archive = arguments.positional_value();
  if (words.size() < 2) {
    throw Error(ErrorCode::Usage, "IMAGE is missing: name one of the archive's")
        .hint(fmt::format("'ociferry ls {}' lists them", archive));
  }
  ImageChoice choice{.archive = archive, .image = words[1], .bases = paths_of(arguments, "base")};
  if (const auto platform = arguments.optional_text("platform")) choice.platforms = {parse_platform(*platform)};
  return choice;
}

std::string_view kind_of(const InspectedImage& image) {
  if (image.is_bundle) return "bundle";
  if (image.is_referrer) return image.attached_as.empty() ? "referrer" : std::string_view(image.attached_as);
  return media_type::is_index(image.descriptor.media_type) ? "index" : "image";
}

Table image_table(const InspectReport& report) {
  Table table{.title = "Images",
              .content = "images",
              .columns = {{"name", "Name"},
                          {"tag", "Tag"},
                          {"digest", "Digest"},
                          {"size", "Size"},
                          {"kind", "Kind"},
                          {"root", "Root"}}};
  for (const InspectedImage& image : report.images) {
    // What is attached is found by its digest; the tags that attach it are long, and say no more than its kind does.
    std::vector<Reference> names{{image.reference.name, std::nullopt, std::nullopt}};
    if (!image.is_referrer) names = names_of_image(image);
    for (const Reference& name : names) {
      table.rows.push_back({to_string(name.name), name.tag.value_or(""),
                            std::string(image.descriptor.digest.hex().substr(0, kDigestDigits)),
                            text::human_bytes(image.total_bytes), std::string(kind_of(image)),
                            image.is_root ? "root" : ""});
    }
  }
  return table;
}

Json::Object image_list_members(const InspectReport& report) {
  Json::Array images;
  for (const InspectedImage& image : report.images) {
    Json::Array names;
    for (const Reference& name : names_of_image(image)) {
      names.emplace_back(
          Json::Object{{"repository", to_string(name.name)}, {"tag", name.tag ? Json(*name.tag) : Json()}});
    }
    images.emplace_back(Json::Object{{"names", std::move(names)},
                                     {"digest", image.descriptor.digest.text()},
                                     {"kind", std::string(kind_of(image))},
                                     {"root", image.is_root},
                                     {"totalBytes", image.total_bytes}});
  }
  return {{"archive", report.archive},
          {"format", report.format},
          {"fingerprint", report.fingerprint ? Json(report.fingerprint->text()) : Json()},
          {"images", std::move(images)}};
}

std::string file_line(const ImageFile& file) {
  const bool is_directory = file.kind == ImageFile::Kind::Directory;
  const std::string owner = fmt::format("{}/{}", id_text(file.uid), id_text(file.gid));
  std::string line = fmt::format("{} {:<9} {:>10} {} {}{}", mode_text(file), owner, file.size, time_text(file.mtime),
                                 file.path, is_directory ? "/" : "");
  if (file.kind == ImageFile::Kind::Symlink) line += " -> " + file.link;
  return line;
}

Json file_json(const ImageFile& file) {
  const auto id = [](const std::optional<std::uint64_t>& one) { return one ? Json(*one) : Json(); };
  Json::Object object{{"path", text_json(file.path)},
                      {"type", std::string(type_of(file.kind))},
                      {"mode", fmt::format("{:04o}", file.mode)},
                      {"uid", id(file.uid)},
                      {"gid", id(file.gid)},
                      {"size", file.size},
                      {"mtime", file.mtime}};
  if (file.kind == ImageFile::Kind::Symlink) object.emplace_back("link", text_json(file.link));
  return object;
}

Json::Object file_list_members(const FileList& list, const std::string& archive) {
  Json::Array files;
  for (const ImageFile& file : list.files) files.push_back(file_json(file));
  return {
      {"archive", archive}, {"image", to_string(list.image)}, {"leftOut", list.refused}, {"files", std::move(files)}};
}

Json::Object extract_members(const ExtractedFiles& report, const ExtractOptions& options) {
  return {{"archive", options.from.archive.string()},
          {"image", to_string(report.image)},
          {"directory", options.output.string()},
          {"files", report.files},
          {"bytes", report.bytes},
          {"skippedLinks", report.skipped_links},
          {"skippedSpecialFiles", report.skipped_special}};
}

namespace {

Json needed_json(const std::vector<NeededImage>& images) {
  Json::Array all;
  for (const NeededImage& image : images) {
    all.emplace_back(Json::Object{{"image", to_string(image.image)}, {"neededBy", references_json(image.needed_by)}});
  }
  return all;
}

void print_needed(const std::vector<NeededImage>& images, Console& console) {
  for (const NeededImage& image : images) {
    console.result(fmt::format("Stays, since others need it: {}", to_string(image.image)));
    for (const std::string& holder : texts_of(image.needed_by)) console.result("  - " + holder);
  }
}

/// "the archive shrinks by 3.2 MB"
std::string change_of_size(std::uint64_t before, std::uint64_t after) {
  if (after == before) return "the archive keeps its size";
  if (after < before) return fmt::format("the archive shrinks by {}", text::human_bytes(before - after));
  return fmt::format("the archive grows by {}", text::human_bytes(after - before));
}

}  // namespace

Json::Object remove_members(const RemoveReport& report, const std::string& archive) {
  Json::Object members = export_members(report.written, archive);
  members.emplace_back("removed", references_json(report.names));
  members.emplace_back("gone", references_json(report.gone));
  members.emplace_back("stillThere", needed_json(report.still_there));
  return members;
}

Json::Object add_members(const AddReport& report, const std::string& archive) {
  Json::Object members = export_members(report.written, archive);
  members.emplace_back("blobsFetched", number(report.fetched.count));
  members.emplace_back("bytesFetched", report.fetched.bytes);
  return members;
}

void print_removed(const RemoveReport& report, Console& console) {
  for (const Reference& name : report.names) console.result("Removed " + to_string(name));
  print_needed(report.still_there, console);
}

void print_removal_plan(const RemovalPlan& plan, const RemoveOptions& options, const DryRun& dry_run,
                        Console& console) {
  print_export_plan(plan.archive, options.output.string(), dry_run, console,
                    {{"removed", references_json(plan.names)},
                     {"gone", references_json(plan.gone)},
                     {"stillThere", needed_json(plan.still_there)},
                     {"blobsGone", number(plan.blobs_gone.count)},
                     {"bytesGone", plan.blobs_gone.bytes},
                     {"bytesBefore", plan.bytes_before}});
  for (const Reference& name : plan.names) console.result("Would remove " + to_string(name));
  print_needed(plan.still_there, console);
  console.result(fmt::format("{} and {} ({}) would go: {}", count(plan.gone.size(), "image"),
                             count(plan.blobs_gone.count, "blob"), text::human_bytes(plan.blobs_gone.bytes),
                             change_of_size(plan.bytes_before, plan.archive.archive_bytes)));
}

void print_addition_plan(const AdditionPlan& plan, const AddOptions& options, const DryRun& dry_run, Console& console) {
  print_export_plan(plan.archive, options.output.string(), dry_run, console,
                    {{"imagesBefore", number(plan.images_before)},
                     {"blobsFetched", number(plan.fetched.count)},
                     {"bytesFetched", plan.fetched.bytes},
                     {"bytesBefore", plan.bytes_before}});
  console.result(fmt::format("{} ({}) would be fetched that {} lacks: {}", count(plan.fetched.count, "blob"),
                             text::human_bytes(plan.fetched.bytes), options.archive.string(),
                             change_of_size(plan.bytes_before, plan.archive.archive_bytes)));
}

}  // namespace ociferry
