#include "medium/volumes/volume_list.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::int64_t kListVersion = 1;
constexpr std::int64_t kVersionWithForm = 2;  ///< which readers of version 1 must not take for a plain archive's
constexpr std::string_view kCompactForm = "compact";
constexpr std::size_t kNumberDigits = 3;

[[noreturn]] void refuse_list(const std::string& what, std::string_view why) {
  throw Error(ErrorCode::Hostile, text::cat(what, " is no list of volumes: ", why))
      .hint("take it from the sender again; without it, give a volume instead: the volumes are found by their names");
}

std::uint64_t natural(const Json& object, std::string_view key, const std::string& what) {
  const Json* const member = object.find(key);
  const std::int64_t* const value = member == nullptr ? nullptr : member->as_int();
  if (value == nullptr || *value < 0) refuse_list(what, text::cat(key, " is not a number of bytes"));
  return static_cast<std::uint64_t>(*value);
}

Digest sha256_at(const Json& object, std::string_view key, const std::string& what) {
  const auto digest = Digest::try_parse(object.string_at(key));
  if (!digest || digest->algorithm() != "sha256") refuse_list(what, text::cat(key, " is not a sha256 digest"));
  return *digest;
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

VolumeEntry read_entry(const Json& json, const std::string& what) {
  VolumeEntry entry{.name = json.string_at("name"),
                    .offset = natural(json, "offset", what),
                    .size = natural(json, "size", what),
                    .digest = sha256_at(json, "digest", what),
                    .begin = sha256_at(json, "begin", what)};
  if (!is_file_name(entry.name)) refuse_list(what, "a volume has a name that is not that of a file");
  const Json* const holds = json.find("holds");
  if (holds == nullptr || holds->as_array() == nullptr) refuse_list(what, "a volume does not say what it holds");
  for (const Json& one : *holds->as_array()) {
    if (one.as_string() == nullptr) refuse_list(what, "a volume does not say what it holds");
    entry.holds.push_back(*one.as_string());
  }
  return entry;
}

}  // namespace

std::string to_json(const VolumeList& list) {
  Json::Array volumes;
  for (const VolumeEntry& entry : list.volumes) {
    Json::Array holds;
    for (const std::string& one : entry.holds) holds.emplace_back(one);
    volumes.push_back(Json::Object{{"name", entry.name},
                                   {"offset", entry.offset},
                                   {"size", entry.size},
                                   {"digest", entry.digest.text()},
                                   {"begin", entry.begin.text()},
                                   {"holds", std::move(holds)}});
  }
  Json::Object members{{"schemaVersion", list.is_compact ? kVersionWithForm : kListVersion}};
  if (list.is_compact) members.emplace_back("form", std::string(kCompactForm));
  members.emplace_back("set", list.set.text());
  members.emplace_back("archiveBytes", list.archive_bytes);
  members.emplace_back("volumes", std::move(volumes));
  return Json(std::move(members)).dump();
}

VolumeList parse_volume_list(std::string_view text, const std::string& what) {
  const Json json = Json::parse(text, what);
  const Json* const version = json.find("schemaVersion");
  const std::int64_t* const number = version == nullptr ? nullptr : version->as_int();
  if (number == nullptr || *number < 1) refuse_list(what, "it has no schemaVersion");
  const bool is_compact = *number == kVersionWithForm && json.string_at("form") == kCompactForm;
  if (*number > kListVersion && !is_compact) {
    throw Error(ErrorCode::Hostile, text::cat(what, " was written by a newer ociferry (version ", *number, " of it)"))
        .hint("use that release, or give a volume instead: the volumes are found by their names");
  }
  VolumeList list{.set = sha256_at(json, "set", what),
                  .archive_bytes = natural(json, "archiveBytes", what),
                  .is_compact = is_compact};
  const Json* const volumes = json.find("volumes");
  if (volumes == nullptr || volumes->as_array() == nullptr) refuse_list(what, "it has no volumes");
  if (volumes->as_array()->empty() || volumes->as_array()->size() > kMostVolumes) {
    refuse_list(what, text::cat("it has ", volumes->as_array()->size(), " volumes"));
  }
  std::set<std::string> names;
  std::uint64_t offset = 0;
  for (const Json& one : *volumes->as_array()) {
    list.volumes.push_back(read_entry(one, what));
    const VolumeEntry& entry = list.volumes.back();
    if (!names.insert(entry.name).second) refuse_list(what, "two volumes have the same name");
    if (entry.offset != offset || entry.size == 0 || entry.size > list.archive_bytes - offset) {
      refuse_list(what, "its sizes do not add up");
    }
    offset += entry.size;
  }
  if (offset != list.archive_bytes) refuse_list(what, "its sizes do not add up");
  return list;
}

std::string volume_name(std::string_view output, std::size_t number) {
  const std::string digits = text::cat(number);
  return text::cat(output, ".", std::string(kNumberDigits - std::min(kNumberDigits, digits.size()), '0'), digits);
}

std::string volume_list_name(std::string_view output) { return text::cat(output, kVolumeListSuffix); }

std::string name_of_volumes(std::string_view output, std::size_t count) {
  return text::cat(output, " (", count, count == 1 ? " volume)" : " volumes)");
}

std::optional<VolumeName> parse_volume_name(std::string_view file) {
  if (file.size() < kNumberDigits + 2) return std::nullopt;
  const std::string_view digits = file.substr(file.size() - kNumberDigits);
  if (file[file.size() - kNumberDigits - 1] != '.' || !std::ranges::all_of(digits, text::is_digit)) return std::nullopt;
  std::size_t number = 0;
  for (const char digit : digits) number = number * 10 + static_cast<std::size_t>(digit - '0');
  if (number == 0) return std::nullopt;
  return VolumeName{.output = std::string(file.substr(0, file.size() - kNumberDigits - 1)), .number = number};
}

}  // namespace ociferry
