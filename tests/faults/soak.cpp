#include "soak.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <regex>
#include <thread>

#include "base/text.hpp"
#include "kinds.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kVersions = 4;
constexpr std::size_t kRepositories = 2;
/// Of all requests, one in so many is to meet a fault. Some that are planned find no request: hence the factor.
constexpr double kFaultsPerRequest = 0.01;
constexpr double kMissed = 7;
/// Where a fault hits at the latest, counted in requests of its kind.
constexpr std::size_t kLastHit = 6;

const std::array<int, 12> kDocumented{10, 11, 13, 20, 21, 22, 23, 24, 25, 30, 31, 32};

std::string repository_name(std::size_t number) { return text::cat("dest", number); }

ociferry::RegistryOptions patient_options() {
  ociferry::RegistryOptions options;
  options.retry_delay = std::chrono::milliseconds{10};
  return options;
}

Digest digest_of_file(const fs::path& file) { return sha256(read_text(file)); }

}  // namespace

Footprint footprint() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  const auto files = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{});
  return {pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), static_cast<std::size_t>(files)};
}

Soak::Soak(std::uint64_t seed) : random_(seed) {
  const Image arm = make_image({.layers = {{.size = 3'000, .seed = 2}}, .platform = {"linux", "arm64", "", ""}});
  for (std::size_t version = 0; version < kVersions; ++version) {
    const Image amd = make_image({.layers = {{.size = 30'000, .seed = 10 + version}, {.size = 3'000, .seed = 2}}});
    const Reference app = push_image(outside_, "apps/app", make_index({amd, arm}), text::cat("v", version));
    const std::string bundle = text::cat("bundle", version);
    data_[version] = random_bytes(20'000, 100 + version);
    write_text(path(bundle + "/data"), data_[version]);
    write_text(path(bundle + "/.imgpkg/images.yml"),
               text::cat("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: ", source_.host(),
                         "/apps/app@", app.digest->text(), "\n"));
    push_bundle(version);
    export_bundle(version);
  }
}

void Soak::step() {
  const Place place{below(kRepositories), below(kVersions)};
  switch (below(12)) {
    case 0: return push_bundle(place.second);
    case 1:
    case 2: return export_bundle(place.second);
    case 3:
    case 4:
    case 5: return import_bundle(place);
    case 6:
    case 7:
    case 8: return copy_bundle(place);
    case 9: return delete_everything(place.first);
    case 10: return import_during_collection(place);
    default: return pull_bundle();
  }
}

SourceArgument Soak::source_of(std::size_t version) const {
  return {SourceArgument::Kind::Bundle, text::cat(source_.host(), "/bundles/demo:v", version)};
}

void Soak::push_bundle(std::size_t version) {
  std::optional<Reference> pushed;
  const PushOptions options{.target = Reference::parse(source_of(version).value),
                            .files = {path(text::cat("bundle", version))}};
  if (!run("push", [&](const Context& context) { pushed = push(options, context).pushed; })) return;
  const auto first = bundles_.emplace(version, *pushed->digest);
  check(first.first->second == *pushed->digest, "a push made another bundle of the same files");
  check(has_all(outside_, "bundles/demo", pushed->digest->text()), "a pushed bundle is not whole");
  check(has_all(outside_, "bundles/demo", text::cat("v", version)), "a pushed tag leads nowhere");
}

void Soak::export_bundle(std::size_t version) {
  const ExportOptions options{.sources = {source_of(version)}, .archive = archive(version)};
  if (below(2) == 0) fs::remove(archive(version));
  if (!run("export", [&](const Context& context) { static_cast<void>(export_archive(options, context)); })) return;
  const Digest digest = digest_of_file(archive(version));
  check(archives_.emplace(version, digest).first->second == digest,
        "an export made another archive of the same bundle");
}

/// With any of the proofs; with the full one where the registry is known to be wrong about what it has.
RelocateOptions Soak::relocate_options(const Place& place) {
  constexpr std::array<Proof, 3> kProofs{Proof::Manifests, Proof::Blobs, Proof::Full};
  const bool lies = lying_.contains(place.first);
  return {.to = parse_repository(text::cat(destination_.host(), "/", repository_name(place.first))),
          .proof = lies ? Proof::Full : kProofs[below(kProofs.size())]};
}

void Soak::import_bundle(const Place& place) {
  const ImportOptions options{.archives = {archive(place.second)}, .relocate = relocate_options(place)};
  const auto action = [&](const Context& context) { static_cast<void>(import_archive(options, context)); };
  if (run("import", action)) after_writing("import", place);
}

void Soak::copy_bundle(const Place& place) {
  const CopyOptions options{.source = source_of(place.second), .relocate = relocate_options(place)};
  if (run("copy", [&](const Context& context) { static_cast<void>(copy(options, context)); })) {
    after_writing("copy", place);
  }
}

void Soak::after_writing(const std::string& name, const Place& place) {
  places_.insert(place);
  check_place(name, place);
}

void Soak::pull_bundle() {
  if (places_.empty()) return;
  auto place = places_.begin();
  std::advance(place, static_cast<std::ptrdiff_t>(below(places_.size())));
  const std::string reference = text::cat(destination_.host(), "/", repository_name(place->first), ":v", place->second);
  const PullOptions options{.source = {SourceArgument::Kind::Bundle, reference}, .output = path("pulled")};
  if (!run("pull", [&](const Context& context) { pull(options, context); })) return;
  check(read_text(path("pulled/data")) == data_.at(place->second), "a pull brought other content");
  const std::string lock = read_text(path("pulled/.imgpkg/images.yml"));
  check(lock.find(destination_.host()) != std::string::npos, "a pulled lock does not name the new place");
}

/// The registry deletes what the import has just uploaded. Whatever becomes of it: the next one mends it.
void Soak::import_during_collection(const Place& place) {
  ++figures_.operations["import during a garbage collection"];
  ImportOptions options{.archives = {archive(place.second)}, .relocate = relocate_options(place)};
  std::string error;
  source_.use({});
  destination_.use({});
  const auto action = [&](const Context& context) { static_cast<void>(import_archive(options, context)); };
  {
    const std::jthread collector([this] { inside_.collect_garbage(); });
    const int code = attempt(action, patient_options(), error);
    if (code != 0) ++figures_.failures[code];
  }
  lying_.insert(place.first);
  options.relocate.proof = Proof::Full;
  if (check_again("import", action)) after_writing("import during a garbage collection", place);
}

std::vector<std::string> Soak::tags_of(const std::string& repository) const {
  const HttpAnswer answer = inside_.request("GET", text::cat("/v2/", repository, "/tags/list"));
  std::vector<std::string> tags;
  if (answer.status != 200) return tags;
  const Json list = Json::parse(answer.body, "the list of tags");
  const Json* const found = list.find("tags");
  if (found == nullptr || found->as_array() == nullptr) return tags;
  for (const Json& tag : *found->as_array()) tags.push_back(*tag.as_string());
  return tags;
}

/// All tags and what they point to; the children of indexes stay, as nobody asks for them.
void Soak::delete_everything(std::size_t repository) {
  ++figures_.operations["delete"];
  const std::string place = text::cat("/v2/", repository_name(repository), "/manifests/");
  for (const std::string& tag : tags_of(repository_name(repository))) {
    const HttpAnswer head = inside_.request("HEAD", place + tag, {accept_header()});
    if (head.status == 404) continue;  // it went with another tag of the same manifest
    const HttpAnswer deleted = inside_.request("DELETE", place + head.header("Docker-Content-Digest"));
    check(deleted.status == 202, text::cat("the registry does not delete ", tag, ": ", deleted.status));
  }
  std::erase_if(places_, [&](const Place& one) { return one.first == repository; });
  if (below(2) == 0) {
    inside_.collect_garbage();
    lying_.insert(repository);
    return;
  }
  inside_.stop();
  inside_.collect_garbage();
  inside_.start();
  lying_.clear();
}

/// A registry that remembers manifests that it has lost does not store them again, as it does blobs: then success is
/// out of reach, which must be told, until it starts again.
bool Soak::check_again(const std::string& name, const Action& action) {
  std::string error;
  int code = attempt(action, patient_options(), error);
  if (code == exit_code(ErrorCode::Unstable) && !lying_.empty()) {
    ++figures_.operations["restart of the registry"];
    inside_.stop();
    inside_.start();
    lying_.clear();
    code = attempt(action, patient_options(), error);
  }
  check(code == 0, text::cat(name, " fails again, with ", code, ": ", error));
  return code == 0;
}

std::vector<Rule> Soak::some_faults() {
  std::size_t operations = 1;
  for (const auto& [name, count] : figures_.operations) operations += count;
  const double requests = static_cast<double>(figures_.requests) / static_cast<double>(operations);
  std::poisson_distribution<int> number(std::max(0.1, requests * kFaultsPerRequest * kMissed));
  std::vector<Rule> rules;
  for (int left = number(random_); left > 0; --left) {
    const Fall& fall = falls()[below(falls().size())];
    const Kind& kind = kinds()[1 + below(kinds().size() - 1)];  // the first is for tokens
    if (fall.slow || !std::regex_search(kind.name, std::regex(fall.kinds))) continue;
    rules.push_back({.match = kind.match, .fault = fall.faults.front(), .times = 1, .skip = below(kLastHit)});
  }
  return rules;
}

bool Soak::run(const std::string& name, const Action& action) {
  source_.use(some_faults());
  destination_.use(some_faults());
  std::string error;
  const int code = attempt(action, quick_options(), error);
  ++figures_.operations[name];
  for (const FaultProxy* proxy : {&source_, &destination_}) {
    for (const Exchange& exchange : proxy->transcript()) {
      ++figures_.requests;
      if (exchange.faulty) ++figures_.faults;
    }
  }
  source_.use({});
  destination_.use({});
  if (code == 0) return true;
  ++figures_.failures[code];
  check(std::ranges::find(kDocumented, code) != kDocumented.end(), text::cat(name, " ends with ", code, ": ", error));
  return check_again(name, action);
}

int Soak::attempt(const Action& action, ociferry::RegistryOptions options, std::string& error) {
  Context context;
  context.registry = std::move(options);
  try {
    action(context);
    return 0;
  } catch (const Error& failure) {
    error = text::cat(failure.message(), " ", text::join(failure.context(), "; "));
    return exit_code(failure.code());
  }
}

void Soak::check(bool fact, const std::string& what) {
  if (!fact) figures_.wrong.push_back(what);
}

void Soak::check_place(const std::string& name, const Place& place) {
  const std::string repository = repository_name(place.first);
  const auto whole = [&](const std::string& selector) {
    check(has_all(inside_, repository, selector), text::cat(name, ": ", repository, ":", selector, " is not whole"));
  };
  const Digest& bundle = bundles_.at(place.second);
  whole(text::cat("v", place.second));
  whole(bundle.text());
  whole(locations_tag(bundle));
  for (const std::string& tag : tags_of(repository)) whole(tag);
}

}  // namespace ociferry::testing
