// Whether a repository can take a blob from another one without an upload.

#include "base/text.hpp"
#include "ferry/probe/stored.hpp"
#include "ferry/probe/storing.hpp"
#include "registry/upload_location.hpp"

namespace ociferry::trials {

namespace {

constexpr std::string_view kWithoutMounts =
    "nothing is lost: what several repositories share is uploaded into each; with --to-registry, "
    "--only-own-repository leaves out the second copy of a bundle's images";

/// Another repository: below the probed one, or beside it if the registry has no nested paths.
RepositoryName other_repository(const Probing& probing) {
  const RepositoryName& name = probing.name();
  const char* const separator = probing.is_possible(kNestedPaths) ? "/" : "-";
  return {name.registry, text::cat(name.repository, separator, "ociferry-probe")};
}

void tell_mount(Probing& probing, const Answer& answer, const RepositoryName& into, const Digest& blob) {
  if (answer.status != 201) {
    return probing.no(kMounts, answer.status == 202 ? "the registry begins an upload instead" : answer_words(answer),
                      std::string(kWithoutMounts));
  }
  const Url url = probing.connection().url(into, "blobs/" + blob.text(), probing.context().stop);
  const Answer found = probing.ask(Request{"HEAD", url}, {into});
  if (found.status == 404) {
    return probing.no(kMounts, "the registry says that it mounted a blob, and does not have it",
                      std::string(kWithoutMounts));
  }
  probing.yes(kMounts, text::cat("from ", probing.name().repository, " into ", into.repository));
}

void try_mount(Probing& probing, const Digest& blob) {
  const RepositoryName into = other_repository(probing);
  const Scope scope{into, Scope::Access::Push, probing.name().repository};
  const std::stop_token& stop = probing.context().stop;
  Traces& traces = probing.traces();
  const auto repository = note_if_new(probing, into);
  const auto mounted = traces.add(Traces::Kind::Blob, "a mounted blob",
                                  probing.connection().url(into, "blobs/" + blob.text(), stop), scope);
  const Url url = probing.connection()
                      .url(into, "blobs/uploads/", stop)
                      .with_parameter("mount", blob.text())
                      .with_parameter("from", probing.name().repository);
  const Answer answer = probing.ask(Request{"POST", url}, scope);
  if (answer.status == 202) {
    const auto upload =
        traces.add(Traces::Kind::Upload, "an unfinished upload", upload_location("POST", answer), scope);
    static_cast<void>(traces.remove(upload, stop));
  }
  if (answer.status != 201) {
    traces.forget(mounted);
    if (repository) traces.forget(*repository);
  }
  tell_mount(probing, answer, into, blob);
}

}  // namespace

void mounts(Probing& probing, const Samples& samples) {
  probing.attempt(kMounts, [&] { try_mount(probing, samples.config.descriptor.digest); });
}

}  // namespace ociferry::trials
