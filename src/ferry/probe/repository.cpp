// What can be found out about a repository without writing anything to it.

#include "base/text.hpp"
#include "ferry/probe/trials.hpp"
#include "registry/registry_error.hpp"
#include "registry/upload_location.hpp"
#include "stream/sha256.hpp"

namespace ociferry::trials {

namespace {

constexpr Capability kPull{"pull", "pull"};
constexpr Capability kReferrers{"referrersApi", "referrers API"};
constexpr Capability kDeletes{"deletes", "deletes"};

/// How a registry takes the question whether it would delete something.
enum class Deletion { Supported, Unsupported, Forbidden, Unclear };

Deletion deletion_of(const Answer& answer) {
  switch (answer.status) {
    case 200:
    case 202:
    case 204:
    case 404: return Deletion::Supported;
    case 405:
    case 501: return Deletion::Unsupported;
    case 401:
    case 403: return Deletion::Forbidden;
    default: return names_error(answer, "UNSUPPORTED") ? Deletion::Unsupported : Deletion::Unclear;
  }
}

bool is_list(const Answer& answer) {
  const std::string type = answer.headers.find("Content-Type").value_or("");
  return answer.status == 200 && text::lower(type).starts_with(media_type::kOciIndex);
}

}  // namespace

void pull(Probing& probing) {
  probing.attempt(kPull, [&] {
    const Request request{"GET", probing.url("manifests/" + probing.mark())};
    const Answer answer = probing.ask(request, probing.scope(Scope::Access::Pull));
    if (answer.status == 404) {
      const bool is_new = names_error(answer, "NAME_UNKNOWN");
      return probing.yes(kPull, is_new ? "the repository does not exist yet" : "");
    }
    if (answer.status != 401 && answer.status != 403) return probing.unknown(kPull, answer_words(answer));
    const Error error = response_error("GET", answer, ErrorCode::Denied);
    probing.no(kPull, answer_words(answer), error.hint_text());
    probing.fail(error);
  });
}

void nested_paths(Probing& probing) {
  probing.attempt(kNestedPaths, [&] {
    const RepositoryName nested{probing.name().registry, probing.name().repository + "/ociferry-probe/nested/path"};
    const Scope scope{nested, Scope::Access::Push};
    const Url url = probing.connection().url(nested, "blobs/uploads/", probing.context().stop);
    const Answer answer = probing.ask(Request{"POST", url}, scope);
    if (answer.status != 202) {
      return probing.no(kNestedPaths, answer_words(answer),
                        "--to-registry needs them: have them allowed, give shorter names with --map, or use --to-repo");
    }
    const auto upload =
        probing.traces().add(Traces::Kind::Upload, "an unfinished upload", upload_location("POST", answer), scope);
    probing.yes(kNestedPaths, text::cat("an upload to ", nested.repository, " was taken, and cancelled"));
    static_cast<void>(probing.traces().remove(upload, probing.context().stop));
  });
}

void referrers(Probing& probing) {
  probing.attempt(kReferrers, [&] {
    Request request{"GET",
                    probing.url("referrers/" + sha256(probing.mark() + " subject").text()),
                    {{"Accept", std::string(media_type::kOciIndex)}}};
    const Answer answer = probing.ask(request, probing.scope(Scope::Access::Pull));
    if (is_list(answer)) return probing.yes(kReferrers);
    if (answer.status == 401 || answer.status == 403 || names_error(answer, "NAME_UNKNOWN")) {
      return probing.unknown(kReferrers, answer_words(answer));
    }
    probing.no(kReferrers, answer_words(answer),
               "nothing: attached artifacts are also listed at tags, where readers look for them then");
  });
}

void deletes(Probing& probing) {
  probing.attempt(kDeletes, [&] {
    const std::string unknown = sha256(probing.mark() + " unknown").text();
    const Answer manifest = probing.ask("DELETE", "manifests/" + unknown);
    const Deletion of_manifests = deletion_of(manifest);
    constexpr std::string_view kMeaning =
        "what an import wrote cannot be deleted with these credentials, only by the registry's administrator";
    if (of_manifests != Deletion::Supported) {
      const std::string detail = text::cat("of manifests: ", answer_words(manifest));
      if (of_manifests == Deletion::Unclear) return probing.unknown(kDeletes, detail, std::string(kMeaning));
      return probing.no(kDeletes, detail, std::string(kMeaning));
    }
    const Answer blob = probing.ask("DELETE", "blobs/" + unknown);
    if (deletion_of(blob) == Deletion::Supported) return probing.yes(kDeletes, "manifests and blobs");
    probing.yes(kDeletes, text::cat("manifests; of blobs: ", answer_words(blob)),
                "blobs go when the registry collects its garbage");
  });
}

}  // namespace ociferry::trials
