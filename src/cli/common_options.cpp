#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/sizes.hpp"
#include "cli/command.hpp"
#include "cli/limit_options.hpp"
#include "cli/password_input.hpp"
#include "credentials/variables.hpp"

namespace ociferry {

namespace {

constexpr double kDay = 86400;

constexpr std::array<std::pair<const char*, SourceArgument::Kind>, 3> kSourceOptions = {
    {{"bundle", SourceArgument::Kind::Bundle},
     {"image", SourceArgument::Kind::Image},
     {"lock", SourceArgument::Kind::Lock}}};

/// The seconds of a unit of Go's durations; 0 if unknown.
double seconds_in(std::string_view unit) {
  if (unit == "h") return 3600;
  if (unit == "m") return 60;
  if (unit == "s") return 1;
  return unit == "ms" ? 1e-3 : 0;
}

/// Takes a number and its unit off the front of `rest`; without a unit, it is in seconds. nullopt if malformed.
std::optional<double> take_seconds(std::string_view& rest) {
  double value = 0;
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), value, std::chars_format::fixed);
  if (failure != std::errc{} || value < 0) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (rest.empty()) return value;
  const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789."));
  rest.remove_prefix(unit.size());
  const double scale = seconds_in(unit);
  return scale == 0 ? std::nullopt : std::optional(value * scale);
}

/// A time as imgpkg's users write it, "90", "90s", "1m30s" or "1.5h", a day at most, and rounded up to whole `Unit`s.
template <typename Unit>
Unit parse_time(std::string_view text) {
  double sum = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto part = take_seconds(rest);
    if (!part) throw Error(ErrorCode::Usage, fmt::format("'{}' is not a time such as 45s or 1m30s", text));
    sum += *part;
  }
  const bool is_whole = std::is_same_v<Unit, std::chrono::seconds>;
  if (!(sum > 0 && sum <= kDay)) {
    throw Error(ErrorCode::Usage, fmt::format("'{}' is not a time from {} to 24h", text, is_whole ? "1s" : "1ms"));
  }
  return Unit(static_cast<std::int64_t>(std::ceil(sum * Unit::period::den)));
}

}  // namespace

void declare_source(Arguments& arguments, bool repeatable) {
  const auto declare = [&](const char* name, const char* placeholder, const std::string& help) {
    if (!repeatable) return arguments.text(name, placeholder, help);
    arguments.repeated(name, placeholder, help + " (can be repeated)");
  };
  declare("bundle,b", "REF", "Bundle, by tag or digest");
  declare("image,i", "REF", "Image or index, by tag or digest");
  declare("lock", "FILE", "BundleLock or ImagesLock file");
}

std::vector<SourceArgument> sources_of(const Arguments& arguments) {
  std::vector<SourceArgument> sources;
  for (const auto& [name, kind] : kSourceOptions) {
    for (const std::string& value : arguments.list_of(name)) {
      if (!value.empty()) sources.push_back({kind, value});
    }
  }
  return sources;
}

std::vector<SourceArgument> single_sources_of(const Arguments& arguments) {
  std::vector<SourceArgument> sources;
  for (const auto& [name, kind] : kSourceOptions) {
    if (const auto value = arguments.optional_text(name)) sources.push_back({kind, *value});
  }
  return sources;
}

SourceArgument one_source(const Arguments& arguments) {
  const auto sources = single_sources_of(arguments);
  if (sources.empty()) {
    throw Error(ErrorCode::Usage, "Expected either image or bundle reference")
        .hint("give --bundle (-b), --image (-i) or --lock");
  }
  if (sources.size() > 1) throw Error(ErrorCode::Usage, "Expected only one of image, bundle, or lock");
  return sources.front();
}

namespace {

void declare_registry(Arguments& arguments) {
  arguments.heading("Registry options");
  arguments.text("registry-username", "USER", "User name for all registries ($IMGPKG_USERNAME)");
  arguments.text("registry-password", "PASSWORD", "Password for all registries ($IMGPKG_PASSWORD)");
  arguments.flag("registry-password-stdin", "Read the password from standard input");
  arguments.text("registry-token", "TOKEN", "Bearer token for all registries ($IMGPKG_TOKEN)");
  arguments.flag("registry-anon", "Use no credentials ($IMGPKG_ANON)");
  arguments.list("registry-ca-cert-path", "FILE",
                 "Certificate authority to trust beside the system's (can be repeated)");
  arguments.toggle("registry-verify-certs", true, "Check the certificates of registries (default: true)");
  arguments.flag("registry-insecure", "Talk http where a registry does not speak https");
  arguments.flag("http1", "Speak HTTP/1.1 with all registries, also with those that offer HTTP/2 only");
  arguments.flag("http2", "Speak HTTP/2 with registries that offer it (default: where nothing else is spoken)");
  arguments.text("registry-response-header-timeout", "TIME",
                 "How long to wait for an answer to begin, such as 45s or 1m30s (default: 30s)");
  arguments.number("registry-retry-count", 5, 0, 100, "How often a failed request is repeated");
  arguments.text("registry-retry-delay", "TIME",
                 "Pause before the first repetition, doubled with each further one (default: 500ms)");
  arguments.text("registry-rate-limit-wait", "TIME",
                 "How long a request waits for a registry that wants fewer of them (default: 15m)");
  arguments.text(
      "registry-upload-chunk-size", "SIZE",
      "Upload what is larger in several requests (default: when the registry, a proxy or the network wants it)");
}

std::uint64_t parse_chunk_size(const std::string& text) {
  constexpr std::uint64_t kLeast = 64 * kKiB;
  const std::uint64_t size = parse_size(text);
  if (size < kLeast) throw Error(ErrorCode::Usage, "--registry-upload-chunk-size must be at least 64KiB");
  return size;
}

void declare_jobs(Arguments& arguments, CommonOptions options) {
  const char* help = options == CommonOptions::Registry
                         ? "How much is transferred at the same time (default: follows the cores and the network)"
                         : "How much is read at the same time (default: one blob a core)";
  arguments.optional_number("jobs,j", 1, std::numeric_limits<int>::max(), help);
  arguments.alias("concurrency", "jobs");
}

/// The password as an option or, where other users of the machine cannot see it, on standard input.
std::string read_password(const Arguments& arguments, const RegistryOptions& options) {
  if (!arguments.on("registry-password-stdin")) return arguments.text_of("registry-password");
  if (arguments.is_set("registry-password")) {
    throw Error(ErrorCode::Usage, "--registry-password and --registry-password-stdin exclude each other");
  }
  if (arguments.text_of("registry-username").empty() &&
      !find_variable(known_variables(options, current_environment()), "USERNAME")) {
    throw Error(ErrorCode::Usage, "--registry-password-stdin needs --registry-username");
  }
  return read_password_from_stdin("--registry-password-stdin");
}

HttpVersion http_version_of(const Arguments& arguments) {
  if (arguments.on("http1") && arguments.on("http2")) {
    throw Error(ErrorCode::Usage, "--http1 and --http2 exclude each other");
  }
  if (arguments.on("http1")) return HttpVersion::Http1;
  return arguments.on("http2") ? HttpVersion::Http2 : HttpVersion::Auto;
}

void read_registry(const Arguments& arguments, RegistryOptions& registry) {
  registry.as_imgpkg = arguments.called_as() == CalledAs::Imgpkg;
  registry.username = arguments.text_of("registry-username");
  registry.password = read_password(arguments, registry);
  registry.token = arguments.text_of("registry-token");
  registry.anonymous = arguments.on("registry-anon");
  for (const std::string& path : arguments.list_of("registry-ca-cert-path")) registry.ca_cert_paths.emplace_back(path);
  registry.verify_certs = arguments.on("registry-verify-certs");
  registry.insecure = arguments.on("registry-insecure");
  if (const auto time = arguments.optional_text("registry-response-header-timeout")) {
    registry.response_header_timeout = parse_time<std::chrono::seconds>(*time);
  }
  registry.http_version = http_version_of(arguments);
  registry.retry_count = arguments.number_of("registry-retry-count");
  if (const auto time = arguments.optional_text("registry-retry-delay")) {
    registry.retry_delay = parse_time<std::chrono::milliseconds>(*time);
  }
  if (const auto time = arguments.optional_text("registry-rate-limit-wait")) {
    registry.rate_limit_wait = parse_time<std::chrono::seconds>(*time);
  }
  if (const auto size = arguments.optional_text("registry-upload-chunk-size")) {
    registry.upload_chunk_size = parse_chunk_size(*size);
  }
}

}  // namespace

void declare_proof(Arguments& arguments) {
  arguments.text("verify", "MODE",
                 "How to prove that all has arrived: manifests (read back what was put), blobs (also ask for every "
                 "blob), or full (also read every blob back) (default: manifests)");
}

Proof proof_of(const Arguments& arguments) {
  const std::string mode = arguments.optional_text("verify").value_or("manifests");
  if (mode == "manifests") return Proof::Manifests;
  if (mode == "blobs") return Proof::Blobs;
  if (mode == "full") return Proof::Full;
  throw Error(ErrorCode::Usage, "--verify can only have the following values [manifests, blobs, full]");
}

void declare_common(Arguments& arguments, CommonOptions options) {
  if (options != CommonOptions::None) declare_jobs(arguments, options);
  if (options == CommonOptions::Registry) declare_registry(arguments);
}

void read_common(const Arguments& arguments, CommonOptions options, Context& context) {
  if (options == CommonOptions::Registry) read_registry(arguments, context.registry);
  if (options == CommonOptions::None) return;
  // Scripts for imgpkg use any number; more threads than this would only wait for each other.
  if (const auto jobs = arguments.optional_number_of("jobs")) {
    context.jobs = static_cast<std::size_t>(std::min(*jobs, 256));
  }
}

void declare_global(Arguments& arguments) {
  arguments.heading("Global options");
  arguments.flag("tty", "Show what is done even if the output is no terminal");
  arguments.flag("json", "Print all output as one JSON object");
  arguments.text(
      "progress", "MODE",
      "How to tell on standard error how far it is: auto (one line on terminals, else one every ten seconds), "
      "plain, none, or json (default: auto)");
  arguments.list("column", "NAME", "Show only these columns of tables (can be repeated)");
  arguments.toggle("color", true, "Colors on terminals; when given, also elsewhere (default: true)");
  arguments.flag("debug", "Show requests and decisions on standard error");
  arguments.flag("yes,y", "Ask nothing; a volume that is not there is an error then");
  arguments.flag("help,h", "Show this help");
}

void declare_all(const Command& command, Arguments& arguments) {
  command.declare(arguments);
  declare_common(arguments, command.common);
  if (command.unpacks) declare_limits(arguments);
  declare_global(arguments);
}

std::string count(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string count_images(std::size_t images, std::size_t bundles, std::size_t referrers) {
  const std::string attached = referrers == 0 ? "" : ", " + count(referrers, "referrer");
  return fmt::format("{} ({}{})", count(images, "image"), count(bundles, "bundle"), attached);
}

}  // namespace ociferry
