#include "stage.hpp"

#include <algorithm>
#include <mutex>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/base64.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kUser = "robot";
constexpr std::string_view kPassword = "s3cret-Pa55";
constexpr std::string_view kOld = "older than all runs";

/// Keeps every line.
class Recorder : public Progress {
 public:
  void event(std::string_view line) override { add(line); }
  void warn(std::string_view line) override { add(line); }
  void debug(std::string_view line) override { add(line); }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    text_ += text::cat(line, "\n");
  }
  mutable std::mutex mutex_;
  std::string text_;
};

std::string whole_text(const Error& error) {
  return text::cat(error.message(), "\n", text::join(error.context(), "\n"), "\n", error.hint_text());
}

TokenServerOptions token_options() { return {.user = text::cat(kUser, ":", kPassword), .reuses_tokens = true}; }

void add_files(const fs::path& directory, Visible& visible) {
  if (!fs::exists(directory)) return;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) {
      visible[fs::relative(entry.path(), directory).string()] = sha256(read_text(entry.path())).text();
    }
  }
}

}  // namespace

ociferry::RegistryOptions quick_options() {
  ociferry::RegistryOptions options;
  options.retry_count = kRetries;
  options.retry_delay = std::chrono::milliseconds{1};
  options.rate_limit_wait = std::chrono::milliseconds{50};
  options.response_header_timeout = std::chrono::milliseconds{1'500};
  options.stall_timeout = std::chrono::milliseconds{1'500};
  return options;
}

std::string accept_header() {
  return text::cat("Accept: ", media_type::kOciManifest, ", ", media_type::kOciIndex,
                   ", application/vnd.docker.distribution.manifest.v2+json");
}

std::string name_of(Command command) {
  constexpr std::array<std::string_view, 5> kNames{"push", "pull", "export", "import", "copy"};
  return std::string(kNames.at(static_cast<std::size_t>(command)));
}

Stage::Stage()
    : tokens_(token_options()),
      outside_({.token = tokens_.realm()}),
      inside_({.token = tokens_.realm()}),
      source_(outside_),
      destination_(inside_) {
  source_.serve_tokens(tokens_);
  destination_.serve_tokens(tokens_);
  allow_rig();
  const Image app =
      make_index({make_image({.layers = {{.size = 40'000, .seed = 1}, {.size = 3'000, .seed = 2}}}),
                  make_image({.layers = {{.size = 3'000, .seed = 2}}, .platform = {"linux", "arm64", "", ""}})});
  Reference app_ref = push_image(outside_, "apps/app", app, "v1");
  write_text(path("bundle/.imgpkg/images.yml"),
             text::cat("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: ", source_.host(),
                       "/apps/app@", app_ref.digest->text(), "\n"));
  write_text(path("bundle/data"), random_bytes(20'000, 3));
  Context context;
  context.registry.username = kUser;
  context.registry.password = kPassword;
  bundle_ =
      push({.target = Reference::parse(repository(source_, "bundles/demo:v1")), .files = {path("bundle")}}, context)
          .pushed;
  const SourceArgument by_tag{SourceArgument::Kind::Bundle, repository(source_, "bundles/demo:v1")};
  static_cast<void>(export_archive({.sources = {by_tag}, .archive = path("input.tar")}, context));
  push_image(inside_, "dest", make_image({.layers = {{.seed = 9}}}), "v1");
  fs::copy(destination_data(), path("old-destination"), fs::copy_options::recursive);
}

FaultProxy& Stage::proxy_of(Command command, bool reads_source) {
  const bool reads_only = command == Command::Pull || command == Command::Export;
  return reads_only || (command == Command::Copy && reads_source) ? source_ : destination_;
}

std::string Stage::repository(const FaultProxy& proxy, const std::string& name) const {
  return text::cat(proxy.host(), "/", name);
}

fs::path Stage::destination_data() const {
  return inside_.data_directory() / "data/docker/registry/v2/repositories/dest";
}

/// The rig's own tokens end like all others; each costs a process.
void Stage::allow_rig() {
  const auto now = std::chrono::steady_clock::now();
  if (now < allow_again_) return;
  allow_again_ = now + std::chrono::minutes{2};
  outside_.use_token(tokens_.mint({"repository:apps/app:pull,push", "repository:bundles/demo:pull,push"}));
  inside_.use_token(tokens_.mint({"repository:dest:pull,push,delete", "repository:again:pull"}));
}

void Stage::reset() {
  source_.use({});
  destination_.use({});
  allow_rig();
  for (const char* name : {"out.tar", "out.tar.partial", "pulled", "again"}) fs::remove_all(path(name));
  fs::remove_all(destination_data());
  fs::remove_all(destination_data().parent_path() / "again");
  fs::copy(path("old-destination"), destination_data(), fs::copy_options::recursive);
  write_text(path("out.tar"), kOld);
  write_text(path("pulled/old"), kOld);
}

Ending Stage::run(Command command, ociferry::RegistryOptions options) const {
  return guarded(std::move(options), [&](const Context& context) { dispatch(command, context); });
}

Ending Stage::run_within_destination(ociferry::RegistryOptions options) const {
  return guarded(std::move(options), [&](const Context& context) {
    const SourceArgument bundle{SourceArgument::Kind::Bundle, repository(destination_, "dest:v1")};
    const RelocateOptions relocate{.to = parse_repository(repository(destination_, "again"))};
    static_cast<void>(copy({.source = bundle, .relocate = relocate}, context));
    pull({.source = {SourceArgument::Kind::Bundle, repository(destination_, "again:v1")}, .output = path("again")},
         context);
  });
}

Ending Stage::guarded(ociferry::RegistryOptions options, const std::function<void(const Context&)>& action) const {
  Recorder recorder;
  Context context{.registry = std::move(options), .jobs = 3, .progress = &recorder};
  context.registry.username = kUser;
  context.registry.password = kPassword;
  try {
    action(context);
    return {.output = recorder.text()};
  } catch (const Error& error) {
    return {exit_code(error.code()), whole_text(error), recorder.text()};
  }
}

void Stage::dispatch(Command command, const Context& context) const {
  const SourceArgument bundle{SourceArgument::Kind::Bundle, repository(source_, "bundles/demo:v1")};
  const RelocateOptions relocate{.to = parse_repository(repository(destination_, "dest"))};
  switch (command) {
    case Command::Push:
      static_cast<void>(
          push({.target = Reference::parse(repository(destination_, "dest:v1")), .files = {path("bundle")}}, context));
      return;
    case Command::Pull:
      static_cast<void>(pull({.source = bundle, .output = path("pulled"), .force = true}, context));
      return;
    case Command::Export:
      static_cast<void>(export_archive({.sources = {bundle}, .archive = path("out.tar"), .force = true}, context));
      return;
    case Command::Import:
      static_cast<void>(import_archive({.archives = {path("input.tar")}, .relocate = relocate}, context));
      return;
    case Command::Copy: static_cast<void>(copy({.source = bundle, .relocate = relocate}, context)); return;
  }
}

Visible Stage::visible(Command command) const {
  Visible visible;
  if (command == Command::Export) {
    visible["out.tar"] = sha256(read_text(path("out.tar"))).text();
  } else if (command == Command::Pull) {
    add_files(path("pulled"), visible);
  } else {
    const Json list = Json::parse(inside_.request("GET", "/v2/dest/tags/list").body, "the list of tags");
    for (const Json& tag : *list.find("tags")->as_array()) {
      const std::string at = text::cat("/v2/dest/manifests/", *tag.as_string());
      visible[*tag.as_string()] = sha256(inside_.request("GET", at, {accept_header()}).body).text();
    }
  }
  return visible;
}

bool has_all(const RegistryServer& registry, const std::string& repository, const std::string& selector) {
  const std::string place = text::cat("/v2/", repository);
  const HttpAnswer answer = registry.request("GET", text::cat(place, "/manifests/", selector), {accept_header()});
  if (answer.status != 200) return false;
  const auto parsed = parse_manifest(answer.body, answer.header("Content-Type"));
  if (const auto* index = std::get_if<ImageIndex>(&parsed)) {
    return std::ranges::all_of(
        index->manifests, [&](const Descriptor& child) { return has_all(registry, repository, child.digest.text()); });
  }
  const auto& manifest = std::get<Manifest>(parsed);
  std::vector<Descriptor> blobs = manifest.layers;
  blobs.push_back(manifest.config.value());
  return std::ranges::all_of(blobs, [&](const Descriptor& blob) {
    const HttpAnswer content = registry.request("GET", text::cat(place, "/blobs/", blob.digest.text()));
    return content.status == 200 && sha256(content.body) == blob.digest;
  });
}

bool Stage::destination_is_whole() const {
  const Visible tags = visible(Command::Push);
  return std::ranges::all_of(tags, [this](const auto& tag) { return has_all(inside_, "dest", tag.first); });
}

bool Stage::holds_secret(const std::string& text) {
  const std::string encoded = base64_encoded(text::cat(kUser, ":", kPassword));
  const std::array<std::string_view, 3> secrets{kPassword, encoded, "eyJ"};  // tokens are JSON in base64
  return std::ranges::any_of(secrets, [&](std::string_view one) { return text.find(one) != std::string::npos; });
}

}  // namespace ociferry::testing
