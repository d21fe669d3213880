#include "ferry/probe/storing.hpp"

#include "base/text.hpp"
#include "ferry/probe/listing.hpp"
#include "registry/upload_location.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

RequestBody whole_text(const std::string& bytes) {
  return {bytes.size(), [&bytes] { return std::make_unique<StringSource>(bytes); }};
}

void note_blob(Probing& probing, const Digest& digest, const std::string& what) {
  probing.traces().add(Traces::Kind::Blob, what, probing.url("blobs/" + digest.text()), probing.scope());
}

}  // namespace

std::optional<std::size_t> note_if_new(Probing& probing, const RepositoryName& name) {
  const std::stop_token& stop = probing.context().stop;
  if (has_tag_list(probing.connection(), name, stop)) return std::nullopt;
  return probing.traces().add(Traces::Kind::Repository, text::cat("the new repository ", to_string(name)),
                              probing.connection().url(name, "tags/list", stop), Scope{name});
}

Answer store_blob(Probing& probing, const SampleBlob& blob, const std::string& what) {
  Answer opened = probing.ask("POST", "blobs/uploads/");
  if (opened.status != 202) return opened;
  const Url place = upload_location("POST", opened);
  Traces& traces = probing.traces();
  const auto upload = traces.add(Traces::Kind::Upload, "an unfinished upload", place, probing.scope());
  const Digest& digest = blob.descriptor.digest;
  note_blob(probing, digest, what);
  // docker-registry has it by its own algorithm, too.
  if (digest.algorithm() != "sha256") note_blob(probing, sha256(blob.bytes), what);
  Request request{"PUT", place.with_parameter("digest", digest.text())};
  request.headers.set("Content-Type", "application/octet-stream");
  request.body = whole_text(blob.bytes);
  Answer stored = probing.ask(request, probing.scope());
  if (is_success(stored.status)) {
    traces.forget(upload);
    return stored;
  }
  // Some registries say that they do not know an upload that they have just completed.
  const Answer found = probing.ask("HEAD", "blobs/" + digest.text());
  if (is_success(found.status)) stored.status = 201;
  static_cast<void>(traces.remove(upload, probing.context().stop));
  return stored;
}

void note_manifest(Probing& probing, const std::string& selector, std::string what) {
  probing.traces().add(Traces::Kind::Manifest, std::move(what), probing.url("manifests/" + selector), probing.scope());
}

Answer put_noted_manifest(Probing& probing, const RawManifest& manifest, const std::string& selector) {
  Request request{"PUT", probing.url("manifests/" + selector)};
  request.headers.set("Content-Type", manifest.descriptor.media_type);
  request.body = whole_text(manifest.bytes);
  return probing.ask(request, probing.scope());
}

Answer store_manifest(Probing& probing, const RawManifest& manifest, const std::string& what) {
  const std::string selector = manifest.descriptor.digest.text();
  note_manifest(probing, selector, what);
  return put_noted_manifest(probing, manifest, selector);
}

}  // namespace ociferry
