#include <fmt/format.h>

#include <charconv>

#include "cli/command.hpp"

namespace ociferry {

namespace {

/// Whole seconds, written as imgpkg's users do: "90", "90s", "2m" or "1h"; a day at most.
std::chrono::seconds parse_seconds(std::string_view text) {
  int value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  const int scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  constexpr int kDay = 86400;
  if (failure != std::errc{} || scale == 0 || value < 1 || value > kDay / scale) {
    throw Error(ErrorCode::Usage, fmt::format("'{}' is not a time from 1s to 24h", text));
  }
  return std::chrono::seconds(value * scale);
}

}  // namespace

void declare_source(Arguments& arguments, bool repeatable) {
  const char* more = repeatable ? " (can be repeated)" : "";
  arguments.repeated("bundle,b", "REF", fmt::format("Bundle, by tag or digest{}", more));
  arguments.repeated("image,i", "REF", fmt::format("Image or index, by tag or digest{}", more));
  arguments.repeated("lock", "FILE", fmt::format("BundleLock or ImagesLock file{}", more));
}

std::vector<SourceArgument> sources_of(const Arguments& arguments) {
  std::vector<SourceArgument> sources;
  const auto take = [&](const char* name, SourceArgument::Kind kind) {
    for (const std::string& value : arguments.list_of(name)) sources.push_back({kind, value});
  };
  take("bundle", SourceArgument::Kind::Bundle);
  take("image", SourceArgument::Kind::Image);
  take("lock", SourceArgument::Kind::Lock);
  return sources;
}

SourceArgument one_source(const Arguments& arguments) {
  const auto sources = sources_of(arguments);
  if (sources.size() != 1) {
    throw Error(ErrorCode::Usage, "Expected exactly one of --bundle (-b), --image (-i) or --lock");
  }
  return sources.front();
}

namespace {

void declare_registry(Arguments& arguments) {
  arguments.heading("Registry options");
  arguments.text("registry-username", "USER", "User name for all registries ($IMGPKG_USERNAME)");
  arguments.text("registry-password", "PASSWORD", "Password for all registries ($IMGPKG_PASSWORD)");
  arguments.text("registry-token", "TOKEN", "Bearer token for all registries ($IMGPKG_TOKEN)");
  arguments.flag("registry-anon", "Use no credentials ($IMGPKG_ANON)");
  arguments.list("registry-ca-cert-path", "FILE",
                 "Certificate authority to trust beside the system's (can be repeated)");
  arguments.toggle("registry-verify-certs", true, "Check the certificates of registries (default: true)");
  arguments.flag("registry-insecure", "Talk http where a registry does not speak https");
  arguments.text("registry-response-header-timeout", "TIME",
                 "How long to wait for an answer to begin, such as 45s or 2m (default: 30s)");
  arguments.number("registry-retry-count", 5, 0, 100, "How often a failed request is repeated");
}

void declare_jobs(Arguments& arguments) {
  arguments.number("jobs,j", 5, 1, 256, "How much is transferred at the same time");
  arguments.alias("concurrency", "jobs");
}

void read_registry(const Arguments& arguments, RegistryOptions& registry) {
  registry.username = arguments.text_of("registry-username");
  registry.password = arguments.text_of("registry-password");
  registry.token = arguments.text_of("registry-token");
  registry.anonymous = arguments.on("registry-anon");
  for (const std::string& path : arguments.list_of("registry-ca-cert-path")) registry.ca_cert_paths.emplace_back(path);
  registry.verify_certs = arguments.on("registry-verify-certs");
  registry.insecure = arguments.on("registry-insecure");
  if (const auto time = arguments.optional_text("registry-response-header-timeout")) {
    registry.response_header_timeout = parse_seconds(*time);
  }
  registry.retry_count = arguments.number_of("registry-retry-count");
}

}  // namespace

void declare_common(Arguments& arguments, CommonOptions options) {
  if (options != CommonOptions::None) declare_jobs(arguments);
  if (options == CommonOptions::Registry) declare_registry(arguments);
}

void read_common(const Arguments& arguments, CommonOptions options, Context& context) {
  if (options == CommonOptions::Registry) read_registry(arguments, context.registry);
  if (options == CommonOptions::None) return;
  context.jobs = static_cast<std::size_t>(arguments.number_of("jobs"));
}

std::string count(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string count_images(std::size_t images, std::size_t bundles) {
  return fmt::format("{} ({})", count(images, "image"), count(bundles, "bundle"));
}

}  // namespace ociferry
