#include "registry/repository.hpp"

#include <algorithm>
#include <utility>

#include "base/context.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "oci/manifest_type.hpp"
#include "registry/blob_check.hpp"
#include "registry/blob_download.hpp"
#include "registry/blob_upload.hpp"
#include "registry/foreign_download.hpp"
#include "registry/registry_error.hpp"
#include "registry/tag_listing.hpp"
#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/pipe.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kBlobUnknown = "MANIFEST_BLOB_UNKNOWN";

/// True if the unknown blob is a layer stored elsewhere: by its type, or because it has URLs, which distribution
/// refuses with a false "blob unknown".
bool misses_foreign_layer(const Answer& answer, const RawManifest& manifest) {
  const auto errors = parse_registry_errors(answer.body);
  const auto is_other = [](const RegistryError& error) { return error.code != kBlobUnknown; };
  const bool has_other_reason = std::ranges::any_of(errors, is_other);
  const auto parsed = parse_manifest(manifest.bytes, manifest.descriptor.media_type);
  const auto* image = std::get_if<Manifest>(&parsed);
  return image != nullptr && std::ranges::any_of(image->layers, [&](const Descriptor& layer) {
           const bool may_lie_elsewhere =
               media_type::is_nondistributable(layer.media_type) || (has_other_reason && !layer.urls.empty());
           return may_lie_elsewhere && answer.body.find(layer.digest.text()) != std::string::npos;
         });
}

Request manifest_request(std::string method, Url url) {
  Request request{std::move(method), std::move(url), {{"Accept", std::string(kAcceptedManifests)}}};
  request.max_body = limits::kManifestBytes;
  return request;
}

std::string content_type(const Answer& answer) {
  const std::string header = answer.headers.find("Content-Type").value_or("");
  return text::lower(text::trim(std::string_view(header).substr(0, header.find(';'))));
}

/// The type of the body by its bytes: a server's Content-Type may be wrong or missing.
std::string media_type_of(const Answer& answer) {
  const std::string type = content_type(answer);
  check_is_no_page("GET", answer);
  return manifest_type(Json::parse_leniently(answer.body, text::cat("GET ", answer.url.shown())), type);
}

/// The error for a manifest that was refused because the registry lacks something it refers to.
Error missing_part(const Answer& answer, const RawManifest& manifest) {
  const std::string message = response_error("PUT", answer, ErrorCode::Unstable).message();
  if (!misses_foreign_layer(answer, manifest)) {
    return Error(ErrorCode::Unstable, message)
        .hint(
            "the registry lost content that it had accepted: its garbage collection may be running, or its "
            "replicas do not share their storage; run the same command again");
  }
  return Error(ErrorCode::Refused, message)
      .hint(
          "the registry refuses layers that are stored elsewhere: have it allow their URLs (docker-registry: "
          "validation.manifests.urls.allow), or give --include-non-distributable-layers for layers that may not be "
          "redistributed");
}

Error wrong_digest(const Answer& answer, const Digest& actual, std::string_view says, const Digest& other) {
  Error error(ErrorCode::Corrupt, text::cat("GET ", answer.url.shown(), ": the manifest has digest ", actual.text(),
                                            ", ", says, " ", other.text()));
  hint_at_changed_body(error, answer.headers);
  return error;
}

void check_digest(const Answer& answer, const Digest& expected, std::string_view says = "expected") {
  const Digest actual = digest_of(answer.body, expected.algorithm());
  if (actual != expected) throw wrong_digest(answer, actual, says, expected);
}

RawManifest read_manifest(Answer answer, const std::string& selector) {
  const auto wanted = Digest::try_parse(selector);
  // The digest is that of the beginning, so it would seem to be damaged.
  if (media_type::is_schema_1(content_type(answer))) static_cast<void>(parse_manifest("{}", content_type(answer)));
  if (wanted) check_digest(answer, *wanted);
  const auto told = Digest::try_parse(answer.headers.find("Docker-Content-Digest").value_or(""));
  if (told) check_digest(answer, *told, "but the registry (Docker-Content-Digest) says");
  Descriptor descriptor{media_type_of(answer), wanted ? *wanted : sha256(answer.body), answer.body.size()};
  return {std::move(descriptor), std::move(answer.body)};
}

}  // namespace

Repository::Repository(std::shared_ptr<Connection> connection, RepositoryName name)
    : connection_(std::move(connection)),
      name_(std::move(name)),
      mounts_(std::make_unique<MountRecord>()),
      spoiled_places_(std::make_unique<SpoiledPlaces>()) {}
Repository::~Repository() = default;

std::optional<RawManifest> Repository::manifest(const std::string& selector) {
  return sound_manifest(selector, connection_->stop());
}

std::optional<RawManifest> Repository::manifest_until(const std::string& selector, std::stop_token stop) {
  const AnyStop either(connection_->stop(), stop);
  return sound_manifest(selector, either.token());
}

std::optional<RawManifest> Repository::sound_manifest(const std::string& selector, const std::stop_token& stop) {
  try {
    return get_manifest(selector, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt) throw;
  }
  return get_manifest(selector, stop);  // again: it may have been damaged in transit
}

Answer Repository::ask_for_manifest(const std::string& selector, const std::stop_token& stop) {
  const Request request = manifest_request("GET", connection_->url(name_, "manifests/" + selector, stop));
  return connection_->send_with_retries(request, Scope{name_}, stop);
}

Error Repository::absence(const std::string& selector) {
  const Answer answer = ask_for_manifest(selector, connection_->stop());
  if (!is_success(answer.status)) return response_error("GET", answer, ErrorCode::NotFound);
  return Error(ErrorCode::NotFound, text::cat("GET ", answer.url.shown(), ": was missing a moment ago, but now exists"))
      .transient();
}

std::optional<RawManifest> Repository::get_manifest(const std::string& selector, const std::stop_token& stop) {
  Answer answer = ask_for_manifest(selector, stop);
  if (answer.status == 404) return std::nullopt;
  if (answer.status != 200) throw response_error("GET", answer, ErrorCode::Network);
  return read_manifest(std::move(answer), selector);
}

Answer Repository::ask_head(const std::string& selector) {
  const std::stop_token& stop = connection_->stop();
  const Request request = manifest_request("HEAD", connection_->url(name_, "manifests/" + selector, stop));
  return connection_->send_with_retries(request, Scope{name_}, stop);
}

std::optional<Digest> Repository::resolve(const std::string& selector) {
  if (!connection_->head_answers().for_manifests) return resolve_whole(selector);
  const Answer answer = ask_head(selector);
  if (answer.status == 404) return was_sent(selector) ? resolve_behind_head(selector) : std::nullopt;
  if (answer.status == 401 || is_transient_status(answer.status)) {
    throw response_error("HEAD", answer, ErrorCode::Network);
  }
  const bool no_head = answer.status == 405 || answer.status == 501;
  // A response to HEAD has no body: GET shows the reason for a refusal, or may even succeed.
  const bool refused = !is_success(answer.status);
  const auto told = Digest::try_parse(answer.headers.find("Docker-Content-Digest").value_or(""));
  if (no_head) connection_->head_answers().for_manifests = false;
  if (refused || !told) return resolve_whole(selector);
  const auto wanted = Digest::try_parse(selector);
  if (wanted && wanted->algorithm() == told->algorithm() && *wanted != *told) {
    throw wrong_digest(answer, *told, "expected", *wanted);
  }
  return wanted ? wanted : told;
}

/// Resolves `selector` with GET.
std::optional<Digest> Repository::resolve_whole(const std::string& selector) {
  const auto whole = manifest(selector);
  return whole ? std::optional(whole->descriptor.digest) : std::nullopt;
}

std::optional<Digest> Repository::resolve_needed(const std::string& selector) {
  auto digest = resolve(selector);
  if (!digest && connection_->head_answers().for_manifests) digest = resolve_behind_head(selector);
  return digest;
}

/// Resolves with GET what HEAD does not find.
std::optional<Digest> Repository::resolve_behind_head(const std::string& selector) {
  const auto digest = resolve_whole(selector);
  // A replica may just have caught up; then HEAD finds it now.
  if (digest && ask_head(selector).status == 404) connection_->head_answers().for_manifests = false;
  return digest;
}

void Repository::note_sent(const std::string& selector) {
  const std::lock_guard lock(sent_mutex_);
  sent_.insert(selector);
}

bool Repository::was_sent(const std::string& selector) const {
  const std::lock_guard lock(sent_mutex_);
  return sent_.contains(selector);
}

std::vector<std::string> Repository::list_tags() { return TagListing(*connection_, name_).run(); }

bool Repository::has_blob(const Descriptor& blob) {
  return blob_exists(*connection_, Scope{name_}, blob, connection_->stop());
}

bool Repository::is_blob(const Descriptor& content) {
  if (has_blob(content)) return true;
  if (connection_->head_answers().for_blobs || content.size == 0) return false;
  try {
    static_cast<void>(read_all(*open(content, content.size - 1, {}), 1));  // without HEAD, reads the last byte
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound) throw;
    return false;
  }
}

std::unique_ptr<ByteSource> Repository::open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) {
  // A resumed download must keep all that arrives, so it is not buffered.
  if (offset == 0 && blob.size <= limits::kSmallBlobBytes) {
    StringSink content(blob.size);
    fetch_from(blob, 0, content, stop);
    return std::make_unique<StringSource>(std::move(content.content));
  }
  return make_pipe(
      [this, blob, offset](ByteSink& sink, const std::stop_token& until) { fetch_from(blob, offset, sink, until); },
      std::move(stop));
}

bool Repository::may_come_from_urls(const Descriptor& blob) const {
  return media_type::is_nondistributable(blob.media_type) && !blob.urls.empty() &&
         connection_->options().foreign_layers;
}

void Repository::fetch_from(const Descriptor& blob, std::uint64_t offset, ByteSink& sink, const std::stop_token& stop) {
  const AnyStop either(connection_->stop(), stop);
  if (may_come_from_urls(blob)) {
    SkippingSink rest(sink, offset);
    ForeignDownload(*connection_, name_, blob, rest, *spoiled_places_, either.token()).run();
  } else {
    BlobDownload(place_in(*connection_, name_, blob.digest), blob, sink, either.token(), offset).run();
  }
}

bool Repository::fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                             std::stop_token stop) {
  if (may_come_from_urls(blob) || !gives_ranges_) return false;
  const AnyStop either(connection_->stop(), stop);
  BlobDownload download(place_in(*connection_, name_, blob.digest), blob, sink, either.token(), begin);
  if (download.run_until(end)) return true;
  gives_ranges_ = false;
  return false;
}

void Repository::fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) {
  fetch_from(blob, 0, sink, stop);
}

void Repository::ask_ahead(const Descriptor& blob, std::stop_token stop) {
  const AnyStop either(connection_->stop(), stop);
  try {
    mounts_->note_presence(blob.digest,
                           blob_exists(*connection_, Scope{name_, Scope::Access::Push}, blob, either.token()));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
  }
}

void Repository::distrust(const Digest& blob) { mounts_->distrust(blob); }

BlobOutcome Repository::put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) {
  const AnyStop either(connection_->stop(), stop);
  return BlobUpload(*connection_, name_, *mounts_, blob, from, progress, either.token()).run();
}

void Repository::put_manifest(const RawManifest& manifest, const std::string& selector) {
  const auto parsed = parse_manifest(manifest.bytes, manifest.descriptor.media_type);
  const auto type_of = [](const auto& one) { return one.media_type; };
  const bool noted = send_manifest(manifest, std::visit(type_of, parsed), selector);
  const Descriptor* const subject = subject_of(parsed);
  if (subject == nullptr || noted) return;
  const auto doing = [&] {
    return text::cat("attaching ", manifest.descriptor.digest.text(), " to ", subject->digest.text(), " in ",
                     to_string(name_));
  };
  with_context(doing, [&] { attach(manifest, subject->digest); });
}

bool Repository::send_manifest(const RawManifest& manifest, const std::string& type, const std::string& selector) {
  const std::stop_token& stop = connection_->stop();
  note_sent(selector);
  Request request{"PUT", connection_->url(name_, "manifests/" + selector, stop)};
  request.headers.set("Content-Type", type);
  request.body =
      RequestBody{manifest.bytes.size(), [&manifest] { return std::make_unique<StringSource>(manifest.bytes); }};
  std::optional<Answer> given;
  try {
    given = connection_->send_with_retries(request, Scope{name_, Scope::Access::Push}, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Network || !took(manifest, selector)) throw;
    return false;
  }
  const Answer& answer = *given;
  if (is_transient_status(answer.status) && took(manifest, selector)) return false;
  if (!is_success(answer.status)) {
    explain_refusal(answer, manifest, selector);
    return false;
  }
  if (answer.status == 200 && is_web_page(answer) && !took(manifest, selector)) check_is_no_page("PUT", answer);
  const auto stored = Digest::try_parse(answer.headers.find("Docker-Content-Digest").value_or(""));
  const Digest& sent = manifest.descriptor.digest;
  if (stored && stored->algorithm() == sent.algorithm() && *stored != sent && !took(manifest, selector)) {
    throw Error(ErrorCode::Corrupt, text::cat("PUT ", answer.url.shown(), ": the registry stored ", stored->text(),
                                              " instead of ", sent.text()));
  }
  return answer.headers.find("OCI-Subject").has_value();
}

/// After an ambiguous failure: the request may have succeeded, and only its response was lost.
bool Repository::took(const RawManifest& manifest, const std::string& selector) {
  return digest_if_known(selector) == manifest.descriptor.digest;
}

/// After a failure, which is reported if this request fails, too.
std::optional<Digest> Repository::digest_if_known(const std::string& selector) {
  try {
    return resolve(selector);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    return std::nullopt;
  }
}

/// Returns only if the registry has the manifest that it refused.
void Repository::explain_refusal(const Answer& answer, const RawManifest& manifest, const std::string& selector) {
  if (names_error(answer, kBlobUnknown)) throw missing_part(answer, manifest);
  Error error = response_error("PUT", answer, ErrorCode::Refused);
  if (error.code() == ErrorCode::Refused) error.hint(hint_to_probe(name_));
  const bool is_tag = !Digest::try_parse(selector);
  const bool denied = answer.status >= 400 && answer.status < 500 && !is_transient_status(answer.status);
  if (!is_tag || !denied || answer.status == 401) throw error;
  // Registries refuse to write an immutable tag in different ways; so check what the tag points to.
  const auto there = digest_if_known(selector);
  const Digest& wanted = manifest.descriptor.digest;
  if (there == wanted) return;
  if (!there) throw error;
  throw Error(ErrorCode::Refused, text::cat("the tag ", to_string(name_), ":", selector, " points to ", there->text(),
                                            " and cannot be moved to ", wanted.text(), ": ", error.message()))
      .hint("if tags are immutable there, use another tag or repository; if not, request permission to change tags");
}

}  // namespace ociferry
