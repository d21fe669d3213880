#include "call_stage.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "base/text.hpp"
#include "call_log.hpp"
#include "oci/json.hpp"
#include "stream/sha256.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

namespace {

const std::string kOld = "older than all runs";
const std::string kDest = "dest/app";

HttpRequest get(const std::string& path) { return {"GET", path, {}, {}, {}}; }

SeenRequest seen(const HttpRequest& request) {
  SeenRequest one{.method = request.method, .path = request.path, .digest = request.parameter("digest")};
  if (const auto at = request.path.find("/blobs/sha256:"); at != std::string::npos) {
    one.digest = request.path.substr(at + 7);
  }
  const std::string range = request.headers.find("Range").value_or("");
  if (range.starts_with("bytes=")) std::from_chars(range.data() + 6, range.data() + range.size(), one.begin);
  return one;
}

std::string lock_name(Command command) { return name_of(command) + ".lock.yml"; }

/// The one file that a command writes; empty for others.
std::string output_of(Command command) {
  switch (command) {
    case Command::Export: return "out.tar";
    case Command::ExportDelta: return "delta-out.tar";
    case Command::Merge: return "merge-out.tar";
    case Command::Protect: return "protect-out.tar.parity";
    case Command::Repair: return "repair-out.tar";
    case Command::Compact: return "compact-out.tar";
    case Command::Expand: return "expand-out.tar";
    case Command::ExportCompact: return "export-compact-out.tar";
    case Command::Join: return "join-out.tar";
    default: return "";
  }
}

/// OUT of the volumes that a command writes; empty for others.
std::string volumes_of(Command command) {
  switch (command) {
    case Command::ExportVolumes: return "volumes-out.tar";
    case Command::CompactVolumes: return "compact-volumes-out.tar";
    case Command::Split: return "split-out.tar";
    default: return "";
  }
}

bool runs_jobs(Command command) {
  switch (command) {
    case Command::Push:
    case Command::Pull:
    case Command::Unpack:
    case Command::Repair: return false;
    default: return true;
  }
}

}  // namespace

std::string name_of(Command command) {
  constexpr std::array<std::string_view, 18> kNames{
      "push",           "pull",           "unpack", "export",  "import", "copy",    "export-volumes",
      "import-volumes", "export-delta",   "merge",  "protect", "repair", "compact", "compact-volumes",
      "expand",         "export-compact", "split",  "join"};
  return std::string(kNames.at(static_cast<std::size_t>(command)));
}

CallStage::CallStage()
    : destination_(std::make_shared<FakeRegistry>()),
      app_(make_index({make_image({.layers = {{.size = 400'000, .seed = 1}, {.size = 3'000, .seed = 2}}}),
                       make_image({.layers = {{.size = 90'000, .seed = 3}}, .platform = {"linux", "arm64", "", ""}})})),
      links_(make_image({.layers = {{.tar = TarBuilder()
                                                .directory("d/")
                                                .file("d/file", random_bytes(150'000, 4))
                                                .hardlink("d/hard", "d/file")
                                                .symlink("d/soft", "file")
                                                .file("d/e/f/g", "deep")
                                                .tar()},
                                    {.tar = TarBuilder().file("d/.wh.soft", "").file("new", "new").tar()}}})),
      outside_([this](const HttpRequest& request) { return answer(source_, request); }),
      inside_([this](const HttpRequest& request) { return answer(*destination(), request); }) {
  make_source();
  for (const Command command : kCommands) {
    reset();
    before_[command] = visible(command);
    const Outcome outcome = run(command);
    if (outcome.exit_code != 0) throw std::runtime_error(name_of(command) + " fails without a fault: " + outcome.err);
    after_[command] = visible(command);
    names_after_[command] = names();
    if (command == Command::Export) archive_ = read_text(path("out.tar"));
  }
}

void CallStage::make_source() {
  plant("apps/app", app_, "");
  plant("apps/links", links_, "v1");
  write_text(path("bundle/.imgpkg/images.yml"),
             text::cat("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: ", outside_.host(),
                       "/apps/app@", app_.descriptor.digest.text(), "\n"));
  write_text(path("bundle/config.yml"), "kind: Config\n");
  write_text(path("bundle/data/one"), random_bytes(200'000, 5));
  write_text(path("bundle/data/two"), random_bytes(30'000, 6));
  run_or_throw(ociferry_.program({"push", "-b", outside_.host() + "/apps/app:v1", "-f", "bundle"}));
  run_or_throw(ociferry_.program({"export", "-b", outside_.host() + "/apps/app:v1", "-o", path("input.tar").string()}));
  const std::string app = outside_.host() + "/apps/app@" + app_.descriptor.digest.text();
  run_or_throw(ociferry_.program({"export", "-i", app, "-o", "base-input.tar"}));
  run_or_throw(ociferry_.program(
      {"export", "-b", outside_.host() + "/apps/app:v1", "--have", "base-input.tar", "-o", "delta-input.tar"}));
  fs::create_directory(path("volumes"));
  run_or_throw(ociferry_.program({"split", "input.tar", "--volume-size", "200K", "-o", "volumes/input.tar"}));
  run_or_throw(ociferry_.program({"protect", "input.tar", "--parity", "20%"}));
  run_or_throw(ociferry_.program({"compact", "input.tar", "-o", "compact-input.tar"}));
  std::string damaged = read_text(path("input.tar"));
  for (std::size_t i = 0; i < damaged.size() / 10; ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
  write_text(path("damaged-input.tar"), damaged);
  const auto inputs = names();
  inputs_ = {inputs.begin(), inputs.end()};
  const HttpReply manifest = source_(get("/v2/apps/app/manifests/v1"));
  const auto parsed = std::get<Manifest>(parse_manifest(manifest.body, *manifest.headers.find("Content-Type")));
  for (const Descriptor& layer : parsed.layers) bundle_layers_[layer.digest.text()] = layer.size;
}

void CallStage::plant(const std::string& repository, const Image& image, const std::string& tag) {
  for (const auto& [digest, bytes] : image.blobs) source_.add_blob(repository, bytes);
  for (const RawManifest& manifest : image.manifests) {
    const bool is_last = &manifest == &image.manifests.back();
    source_.add_manifest(repository, manifest.bytes, manifest.descriptor.media_type, is_last ? tag : "");
  }
}

HttpReply CallStage::answer(FakeRegistry& registry, const HttpRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(seen(request));
  }
  return registry(request);
}

std::shared_ptr<FakeRegistry> CallStage::destination() const {
  const std::lock_guard lock(mutex_);
  return destination_;
}

void CallStage::reset() {
  outside_.forget_requests();
  inside_.forget_requests();
  auto fresh = std::make_shared<FakeRegistry>();
  const Image old = make_image({.layers = {{.size = 10, .seed = 9}}});
  for (const auto& [digest, bytes] : old.blobs) fresh->add_blob(kDest, bytes);
  fresh->add_manifest(kDest, old.manifests.back().bytes, old.descriptor.media_type, "v1");
  {
    const std::lock_guard lock(mutex_);
    destination_ = std::move(fresh);
    requests_.clear();
  }
  for (const std::string& name : names()) {
    if (!inputs_.contains(name)) fs::remove_all(path(name));
  }
  fs::remove_all(path("tmp"));
  write_text(path("pulled/old"), kOld);
  write_text(path("unpacked/old"), kOld);
  for (const Command command : kCommands) {
    write_text(path(lock_name(command)), kOld);
    if (const std::string output = output_of(command); !output.empty()) write_text(path(output), kOld);
  }
}

Words CallStage::words(Command command, int jobs) const {
  const std::string bundle = outside_.host() + "/apps/app:v1";
  const std::string to = inside_.host() + "/" + kDest;
  const Words more = {"--registry-retry-delay", "1ms", "--registry-retry-count", "3"};
  const std::string output = output_of(command);
  Words words;
  bool asks_registry = true;
  switch (command) {
    case Command::Push: words = {"push", "-b", to + ":v1", "-f", "bundle", "--lock-output", lock_name(command)}; break;
    case Command::Pull: words = {"pull", "-b", bundle, "-o", "pulled", "--force"}; break;
    case Command::Unpack:
      words = {"pull", "-i", outside_.host() + "/apps/links:v1", "-o", "unpacked", "--force"};
      break;
    case Command::Export: words = {"export", "-b", bundle, "-o", "out.tar", "--force"}; break;
    case Command::Import: words = {"import", "input.tar", "--to-repo", to, "--lock-output", lock_name(command)}; break;
    case Command::Copy: words = {"copy", "-b", bundle, "--to-repo", to, "--lock-output", lock_name(command)}; break;
    case Command::ExportVolumes:
      words = {"export", "-b", bundle, "-o", volumes_of(command), "--volume-size", "200K"};
      break;
    case Command::ImportVolumes:
      words = {"import", "volumes/input.tar.002", "--to-repo", to, "--lock-output", lock_name(command)};
      break;
    case Command::ExportDelta:
      words = {"export", "-b", bundle, "--have", "base-input.tar", "-o", output, "--force"};
      break;
    case Command::ExportCompact: words = {"export", "-b", bundle, "--compact", "-o", output, "--force"}; break;
    case Command::CompactVolumes:
      asks_registry = false;
      words = {"compact", "input.tar", "-o", volumes_of(command), "--volume-size", "256K"};
      break;
    case Command::Split:
      asks_registry = false;
      words = {"split", "input.tar", "-o", volumes_of(command), "--volume-size", "200K"};
      break;
    default: {
      asks_registry = false;
      if (command == Command::Compact) words = {"compact", "input.tar"};
      if (command == Command::Expand) words = {"expand", "compact-input.tar"};
      if (command == Command::Merge) words = {"merge", "base-input.tar", "delta-input.tar"};
      if (command == Command::Join) words = {"join", "volumes"};
      if (command == Command::Protect) words = {"protect", "input.tar", "--parity", "20%"};
      if (command == Command::Repair) words = {"repair", "damaged-input.tar", "--parity", "input.tar.parity"};
      words.insert(words.end(), {"-o", output, "--force"});
    }
  }
  if (asks_registry) words.insert(words.end(), more.begin(), more.end());
  if (runs_jobs(command)) words.insert(words.end(), {"--jobs", std::to_string(jobs)});
  return words;
}

Outcome CallStage::run(Command command, const Variables& script, int jobs) {
  return ociferry_.run(words(command, jobs), script);
}

Visible CallStage::visible(Command command) const {
  Visible visible;
  if (const std::string output = output_of(command); !output.empty()) {
    visible[output] = sha256(read_text(path(output))).text();
  } else if (const std::string volumes = volumes_of(command); !volumes.empty()) {
    add_volumes(path(""), volumes, visible);
  } else if (command == Command::Pull || command == Command::Unpack) {
    add_tree(path(command == Command::Pull ? "pulled" : "unpacked"), visible);
  } else {
    visible[lock_name(command)] = read_text(path(lock_name(command)));
    const auto registry = destination();
    const HttpReply list = (*registry)(get("/v2/" + kDest + "/tags/list"));
    const Json tags = Json::parse(list.body, "tags");
    for (const Json& tag : *tags.find("tags")->as_array()) {
      visible["tag " + *tag.as_string()] = registry->tag(kDest, *tag.as_string())->text();
    }
  }
  return visible;
}

std::vector<std::string> CallStage::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(ociferry_.home())) {
    const std::string name = entry.path().filename().string();
    if (name != "tmp" && name != "hit" && name != "log") names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::vector<SeenRequest> CallStage::take_requests() {
  const std::lock_guard lock(mutex_);
  return std::exchange(requests_, {});
}

bool CallStage::destination_has(const std::string& digest) const {
  return destination()->has_blob(kDest, Digest::parse(digest));
}

std::map<std::string, std::uint64_t> CallStage::source_layers(Command command) const {
  const Image& image = command == Command::Unpack ? links_ : app_;
  std::map<std::string, std::uint64_t> layers;
  for (const auto& [digest, bytes] : image.blobs) layers[digest.text()] = bytes.size();
  return command == Command::Pull ? bundle_layers_ : layers;
}

std::vector<Command> chosen_commands() {
  const char* const chosen = std::getenv("OCIFERRY_COMMANDS");
  std::vector<Command> commands;
  if (chosen == nullptr) return {kCommands.begin(), kCommands.end()};
  for (const std::string& name : text::split(chosen, ',')) {
    const auto* const command = std::ranges::find(kCommands, name, name_of);
    if (command == kCommands.end()) throw std::runtime_error("no such command: " + name);
    commands.push_back(*command);
  }
  return commands;
}

CallStage& fresh_stage() {
  static CallStage stage;
  stage.reset();
  return stage;
}

Variables fault_script(const CallStage& stage, const std::string& fault) {
  fs::remove(stage.path("hit"));
  return {{"OCIFERRY_CALLS_FAULT", fault}, {"OCIFERRY_CALLS_HIT", stage.path("hit").string()}};
}

bool was_hit(const CallStage& stage) { return fs::exists(stage.path("hit")); }

std::size_t count_calls(CallStage& stage, Command command) {
  stage.reset();
  fs::remove(stage.path("log"));
  const Outcome outcome = stage.run(command, {{"OCIFERRY_CALLS_LOG", stage.path("log").string()}});
  if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
  return read_call_log(stage.path("log"), false).size();
}

std::string judge_state(const CallStage& stage, Command command) {
  const Visible now = stage.visible(command);
  const Visible& before = stage.before(command);
  const Visible& after = stage.after(command);
  if (now == before || now == after) return "";
  if (!before.contains("tag v1")) return "  left neither the old nor the new:\n" + describe(now);
  // Registries are filled from below; the user's own tag comes after all others, the lock file last.
  const std::string lock = lock_name(command);
  const bool tag_moved = now.at("tag v1") == after.at("tag v1");
  if (!tag_moved && now.at("tag v1") != before.at("tag v1")) return "  the tag points elsewhere\n";
  if (now.at(lock) != before.at(lock)) return "  the lock file is there before the rest:\n" + describe(now);
  for (const auto& [name, value] : now) {
    if (name != lock && name != "tag v1" && (!after.contains(name) || after.at(name) != value)) {
      return "  left what no run leaves:\n" + describe(now);
    }
  }
  if (tag_moved && now.size() != after.size()) return "  the tag was moved too early:\n" + describe(now);
  return "";
}

std::string judge_rerun(CallStage& stage, Command command) {
  static_cast<void>(stage.take_requests());
  const Outcome outcome = stage.run(command);
  if (outcome.exit_code != 0) return text::cat("  the next run fails: ", outcome.exit_code, " ", outcome.err);
  std::string wrong;
  if (stage.visible(command) != stage.after(command)) {
    wrong += "  the next run leaves something else:\n" + describe(stage.visible(command));
  }
  if (stage.names() != stage.names_after(command)) {
    wrong += "  the next run leaves these names: " + text::join(stage.names(), " ") + "\n";
  }
  return wrong;
}

}  // namespace ociferry::testing
