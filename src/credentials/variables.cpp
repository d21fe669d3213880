#include "credentials/variables.hpp"

#include "base/text.hpp"

namespace ociferry {

namespace {

/// Why the value of OCIFERRY_USERNAME, IMGPKG_USERNAME etc. is not used; nullopt if it is used or overridden by an
/// option.
std::optional<std::string> passed_over(const RegistryOptions& options, const Environment& environment,
                                       std::string_view name, const std::string& value) {
  const auto user = find_variable(environment, "USERNAME");
  const auto token = find_variable(environment, "TOKEN");
  if (name == "PASSWORD" && !user && options.username.empty()) return "there is no user name to it";
  if (name == "TOKEN" && user) return text::cat(user->name, " comes first");
  if (name != "ANON" || value == "false") return std::nullopt;
  if (value != "true") return "only 'true' counts";
  if (user || token) return text::cat(user ? user->name : token->name, " comes first");
  return std::nullopt;
}

}  // namespace

Environment known_variables(const RegistryOptions& options, Environment environment) {
  if (options.as_imgpkg) std::erase_if(environment, [](const auto& one) { return one.first.starts_with("OCIFERRY_"); });
  return environment;
}

std::optional<Variable> find_variable(const Environment& environment, std::string_view name) {
  for (const std::string_view prefix : kVariablePrefixes) {
    const std::string full = text::cat(prefix, name);
    if (auto value = lookup(environment, full)) return Variable{full, *std::move(value)};
  }
  return std::nullopt;
}

std::vector<IneffectiveVariable> ineffective_variables(const RegistryOptions& options, const Environment& environment) {
  std::vector<IneffectiveVariable> all;
  for (const char* name : {"USERNAME", "PASSWORD", "TOKEN", "ANON", "ACTIVE_KEYCHAINS", "ENABLE_IAAS_AUTH"}) {
    const auto used = find_variable(environment, name);
    if (!used) continue;
    if (auto why = passed_over(options, environment, name, used->value)) all.push_back({used->name, *std::move(why)});
    const std::string other = text::cat("IMGPKG_", name);
    const auto value = lookup(environment, other);
    if (value && *value != used->value) all.push_back({other, text::cat(used->name, " differs, and comes first")});
  }
  return all;
}

}  // namespace ociferry
