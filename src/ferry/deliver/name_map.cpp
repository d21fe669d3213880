#include <algorithm>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "base/user_info.hpp"
#include "bundle/limits.hpp"
#include "bundle/yaml.hpp"
#include "bundle/yaml_object.hpp"
#include "oci/runtime_name.hpp"
#include "ociferry/error.hpp"
#include "ociferry/names.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kHint =
    "a file of mappings looks like this: {rules: [{path: 'team/*', to: 'mirror/{name}'}]}";

std::optional<std::string> optional_text(const YamlObject& object, std::string_view name) {
  const std::string text = object.text(name);
  return text.empty() ? std::nullopt : std::optional(text);
}

NameMapping mapping_of(const YamlObject& rule) {
  rule.allow_only({"registry", "path", "tag", "to", "refuse"});
  NameMapping mapping;
  mapping.registry = optional_text(rule, "registry").value_or("*");
  mapping.path = optional_text(rule, "path").value_or("*");
  mapping.tag = optional_text(rule, "tag").value_or("*");
  mapping.to = rule.text("to");
  mapping.refuse = optional_text(rule, "refuse");
  if (mapping.to.empty() != mapping.refuse.has_value()) {
    throw Error(ErrorCode::Usage, text::cat(rule.path("to"), ": a rule has either 'to' or 'refuse'"));
  }
  return mapping;
}

std::size_t levels_of(const YamlObject& document) {
  const std::string text = document.text("levels");
  if (text.empty()) return 0;
  const bool is_number = text.size() <= 2 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const std::size_t levels = is_number ? std::stoul(text) : 0;
  if (levels == 0) throw Error(ErrorCode::Usage, text::cat("levels: '", text, "' is not a number from 1 to 99"));
  return levels;
}

std::string read_mapping_file(const std::filesystem::path& file) {
  try {
    return read_file(file, limits::kYamlBytes);
  } catch (Error& error) {
    error.while_doing("reading a mapping file").hint("give --map a file that can be read, or OLD=NEW");
    throw;
  }
}

/// A pattern that matches `text` alone: of addresses of IPv6, the brackets are not those of a pattern.
std::string literal(const std::string& text) {
  std::string pattern;
  for (const char c : text) pattern += c == '[' || c == ']' ? std::string{'\\', c} : std::string{c};
  return pattern;
}

}  // namespace

NameMap read_name_map(const std::filesystem::path& file) {
  const std::string yaml = read_mapping_file(file);
  try {
    const Json json = parse_yaml(yaml, "mappings", RepeatedKeys::Refuse);
    const YamlObject document(json, "mappings");
    document.allow_only({"levels", "rules"});
    NameMap map{.mappings = {}, .levels = levels_of(document)};
    for (const Json& rule : document.list("rules")) {
      map.mappings.push_back(mapping_of(YamlObject(rule, text::cat("rules[", map.mappings.size(), "]"))));
    }
    return map;
  } catch (const Error& error) {
    throw Error(ErrorCode::Usage, text::cat("the mapping file ", file.string(), " cannot be used: ", error.message()))
        .hint(std::string(kHint));
  }
}

NameMapping parse_name_mapping(std::string_view argument) {
  const auto equals = argument.find('=');
  const std::string_view to = equals == std::string_view::npos ? "" : argument.substr(equals + 1);
  if (to.empty()) {
    throw Error(ErrorCode::Usage,
                text::cat("'", text::printable(without_user_info(argument)), "' is not of the form OLD=NEW"));
  }
  const Reference name = Reference::parse(argument.substr(0, equals));
  if (name.digest) {
    throw Error(ErrorCode::Usage, text::cat("'", text::printable(argument), "' maps a digest: a mapping is for names"));
  }
  const RepositoryName from = local_repository(name.name);
  return {.registry = literal(from.registry),
          .path = from.repository,
          .tag = name.tag.value_or("*"),
          .to = std::string(to),
          .argument = std::string(argument)};
}

NamedDestination parse_named_destination(std::string_view text) {
  const auto slash = text.find('/');
  NamedDestination to{.registry = std::string(text.substr(0, slash))};
  if (slash != std::string_view::npos) to.prefix = std::string(text.substr(slash + 1));
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorCode::Usage,
                text::cat("'", text::printable(without_user_info(text)), "' is not of the form HOST[/PREFIX]", why))
        .hint("HOST has a '.' or a port: registry.example.com, localhost:5000");
  };
  // Docker Hub's short names have no host: here the first part always is one.
  if (to.registry.find_first_of(".:") == std::string::npos) refuse("");
  if (slash != std::string_view::npos && to.prefix.empty()) refuse("");
  try {
    to.registry = parse_repository(text::cat(to.registry, "/any")).registry;
  } catch (const Error&) {
    refuse(": its HOST is not that of a registry");
  }
  try {
    static_cast<void>(parse_repository(text::cat(text, "/any")));
  } catch (const Error&) {
    refuse(": a PREFIX is a path of a-z, 0-9, '_', '-', '.' and '/'");
  }
  return to;
}

}  // namespace ociferry
