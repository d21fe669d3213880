#include <fmt/format.h>

#include "cli/command.hpp"

namespace ociferry {

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

void declare_registry(Arguments& arguments) {
  arguments.text("registry-username", "USER", "User name for all registries ($IMGPKG_USERNAME)");
  arguments.text("registry-password", "PASSWORD", "Password for all registries ($IMGPKG_PASSWORD)");
  arguments.text("registry-token", "TOKEN", "Bearer token for all registries ($IMGPKG_TOKEN)");
  arguments.flag("registry-anon", "Use no credentials ($IMGPKG_ANON)");
  arguments.list("registry-ca-cert-path", "FILE",
                 "Certificate authority to trust beside the system's (can be repeated)");
  arguments.toggle("registry-verify-certs", true, "Check the certificates of registries (default: true)");
  arguments.flag("registry-insecure", "Talk http where a registry does not speak https");
  arguments.number("registry-response-header-timeout", 30, 1, 86400, "Seconds to wait for an answer to begin");
  arguments.number("registry-retry-count", 5, 0, 100, "How often a failed request is repeated");
}

void declare_jobs(Arguments& arguments) {
  arguments.number("jobs,j", 5, 1, 256, "How much is transferred at the same time");
  arguments.number("concurrency", 5, 1, 256, "The same as --jobs");
}

void read_common(const Arguments& arguments, Context& context) {
  RegistryOptions& registry = context.registry;
  registry.username = arguments.text_of("registry-username");
  registry.password = arguments.text_of("registry-password");
  registry.token = arguments.text_of("registry-token");
  registry.anonymous = arguments.on("registry-anon");
  for (const std::string& path : arguments.list_of("registry-ca-cert-path")) registry.ca_cert_paths.emplace_back(path);
  registry.verify_certs = arguments.on("registry-verify-certs");
  registry.insecure = arguments.on("registry-insecure");
  registry.response_header_timeout = std::chrono::seconds(arguments.number_of("registry-response-header-timeout"));
  registry.retry_count = arguments.number_of("registry-retry-count");
  const char* jobs = arguments.is_set("concurrency") ? "concurrency" : "jobs";
  context.jobs = static_cast<std::size_t>(arguments.number_of(jobs));
}

std::string count(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string count_images(std::size_t images, std::size_t bundles) {
  return fmt::format("{} ({})", count(images, "image"), count(bundles, "bundle"));
}

}  // namespace ociferry
