#include "ferry/deliver/name_rule.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "oci/runtime_name.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kPathLength = 255;  // registries accept no longer ones
constexpr std::size_t kSuffixDigits = 8;  // of the digest that keeps flattened paths apart

bool matches(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool matches(const NameMapping& mapping, const Reference& name) {
  return matches(mapping.registry, name.name.registry) && matches(mapping.path, name.name.repository) &&
         (name.tag ? matches(mapping.tag, *name.tag) : mapping.tag == "*");
}

/// A registry as a part of a path, which has no colons and no brackets.
std::string as_path_part(std::string registry) {
  std::erase_if(registry, [](char c) { return c == '[' || c == ']'; });
  std::ranges::replace(registry, ':', '-');
  return text::lower(registry.substr(std::min(registry.find_first_not_of('-'), registry.size())));
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Replaces {registry}, {path}, {name} and {tag}.
std::string expanded(const std::string& form, const Reference& name) {
  const std::pair<std::string_view, std::string> values[] = {{"{registry}", as_path_part(name.name.registry)},
                                                             {"{path}", name.name.repository},
                                                             {"{name}", last_part(name.name.repository)},
                                                             {"{tag}", name.tag.value_or("")}};
  std::string result;
  for (std::size_t at = 0; at < form.size();) {
    const auto* const value = std::ranges::find_if(
        values, [&](const auto& known) { return std::string_view(form).substr(at).starts_with(known.first); });
    if (value != std::end(values)) {
      result += value->second;
      at += value->first.size();
    } else if (form[at] == '{' || form[at] == '}') {
      throw Error(ErrorCode::Usage, text::cat("'", text::printable(form), "' has other words in braces than registry, ",
                                              "path, name and tag"));
    } else {
      result += form[at++];
    }
  }
  return result;
}

/// Joins the parts of `path` below `levels`; a digest in the name prevents collisions.
std::string flattened(const std::string& path, std::size_t levels) {
  std::vector<std::string> parts = text::split(path, '/');
  if (levels == 0 || parts.size() <= levels) return path;
  const std::vector<std::string> deep(parts.begin() + static_cast<std::ptrdiff_t>(levels - 1), parts.end());
  parts.resize(levels - 1);
  parts.push_back(text::cat(text::join(deep, "-"), "-", sha256(path).hex().substr(0, kSuffixDigits)));
  return text::join(parts, "/");
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// True if `part` is a part of a repository's path: letters and digits, with '.', '_', '__' or dashes between them.
bool is_path_part(std::string_view part) {
  if (part.empty() || !is_letter_or_digit(part.front()) || !is_letter_or_digit(part.back())) return false;
  for (auto at = part.begin(); at != part.end();) {
    const auto* const begin = std::find_if_not(at, part.end(), is_letter_or_digit);
    const auto* const end = std::find_if(begin, part.end(), is_letter_or_digit);
    const std::string_view between(begin, end);
    const bool is_dashes = between.find_first_not_of('-') == std::string_view::npos;
    if (!is_dashes && between != "." && between != "_" && between != "__") return false;
    at = end;
  }
  return true;
}

void check_path(const std::string& path, const Reference& name) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorCode::Usage,
                text::cat(to_string(name), " would go to the repository '", text::printable(path), "', ", why))
        .hint("give it another name with --map OLD=NEW");
  };
  if (path.size() > kPathLength) refuse(text::cat("which is longer than ", kPathLength, " characters"));
  const std::vector<std::string> parts = text::split(path, '/');
  if (!std::ranges::all_of(parts, is_path_part)) refuse("which registries do not accept as a name");
}

class Rule {
 public:
  explicit Rule(NamedDestination destination) : to_(std::move(destination)) {}

  Reference operator()(const Reference& given) const {
    const Reference name{local_repository(given.name), given.tag, given.digest};
    std::string path = below_prefix(name);
    std::optional<std::string> tag = name.tag;
    if (const auto colon = path.find(':'); colon != std::string::npos) {
      if (tag) tag = path.substr(colon + 1);
      path.resize(colon);
    }
    if (!to_.prefix.empty()) path = text::cat(to_.prefix, "/", path);
    path = flattened(path, to_.map.levels);
    check_path(path, name);
    if (tag && !is_valid_tag(*tag)) {
      throw Error(ErrorCode::Usage, text::cat(to_string(name), " would get the tag '", text::printable(*tag),
                                              "', which registries do not accept"));
    }
    return {{to_.registry, path}, tag, std::nullopt};
  }

 private:
  [[nodiscard]] std::string below_prefix(const Reference& name) const {
    for (const NameMapping& mapping : to_.map.mappings) {
      if (!matches(mapping, name)) continue;
      if (mapping.refuse) {
        throw Error(ErrorCode::Usage, text::cat("the mapping refuses ", to_string(name), ": ", *mapping.refuse));
      }
      return expanded(mapping.to, name);
    }
    if (!to_.keep_registry) return name.name.repository;
    return text::cat(as_path_part(name.name.registry), "/", name.name.repository);
  }

  NamedDestination to_;
};

}  // namespace

NameRule name_rule(NamedDestination destination) { return Rule(std::move(destination)); }

void warn_of_unused_mappings(const RelocateOptions& options, const ImageSet& set, Progress& progress) {
  if (!options.by_name) return;
  for (const NameMapping& mapping : options.by_name->map.mappings) {
    if (mapping.argument.empty()) continue;
    const auto has_name = [&](const RepositoryName& given, const std::set<std::string>& tags) {
      const RepositoryName name = local_repository(given);
      const auto has_tag = [&](const std::string& tag) { return matches(mapping, {name, tag, {}}); };
      return matches(mapping, {name, {}, {}}) || std::ranges::any_of(tags, has_tag);
    };
    const bool is_used = std::ranges::any_of(set.images(), [&](const SetImage& image) {
      const auto is_also = [&](const auto& other) { return has_name(other.first, other.second); };
      return has_name(image.reference.name, image.tags) || std::ranges::any_of(image.also, is_also);
    });
    if (!is_used) {
      progress.warn(text::cat("nothing here is called ", mapping.argument.substr(0, mapping.argument.find('=')),
                              ": --map ", mapping.argument, " changes nothing"));
    }
  }
}

Placement placement_of(const RelocateOptions& options) {
  Placement placement = everything_to(options.to);
  if (options.by_name) {
    placement = {.rule = name_rule(*options.by_name), .beside_bundles = !options.by_name->only_own_repository};
  }
  placement.added_tags = options.added_tags;
  return placement;
}

}  // namespace ociferry
