#include "ferry/gather/places.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "credentials/finding.hpp"
#include "ociferry/auth.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {
constexpr std::size_t kProbeFrom = 2;
}  // namespace

Places places_of(const Reference& image, const RepositoryName& bundle, const Locations* locations, FirstPlace first) {
  Places places;
  const auto add = [&](const RepositoryName& name) {
    if (std::ranges::find(places, name) == places.end()) places.push_back(name);
  };
  if (locations != nullptr) {
    const auto digest_of = [](const LocationEntry& entry) { return entry.image.digest; };
    const auto entry = std::ranges::find(locations->entries, image.digest, digest_of);
    if (entry != locations->entries.end()) add({bundle.registry, entry->repository.value_or(bundle.repository)});
  }
  if (first == FirstPlace::Lock) add(image.name);
  add(bundle);
  add(image.name);
  return places;
}

bool is_probed(const ImagesLock& lock) noexcept { return lock.images.size() >= kProbeFrom; }

FirstPlace first_place(CachingSource& source, const ImagesLock& lock) {
  if (!is_probed(lock)) return FirstPlace::Bundle;
  try {
    if (source.manifest(lock.images.front().image.selector())) return FirstPlace::Bundle;
  } catch (const Error& error) {
    if (!is_refusal(error)) throw;
  }
  return FirstPlace::Lock;
}

Located locate(const Reference& image, const Places& places,
               const std::function<std::shared_ptr<CachingSource>(const RepositoryName&)>& open, Progress& progress) {
  std::exception_ptr refusal;
  std::vector<std::shared_ptr<CachingSource>> without;
  for (const RepositoryName& place : places) {
    const auto source = open(place);
    const bool is_last = &place == &places.back();
    try {
      if (auto raw = source->manifest(image.selector())) return {parse(*std::move(raw)), source, place};
      without.push_back(source);
    } catch (const Error& error) {
      const bool unreachable = error.code() == ErrorCode::Network && place == image.name && !is_last;
      if (!is_refusal(error) && !unreachable) throw;
      refusal = std::current_exception();
    }
    progress.debug(text::cat(to_string(image), " is not in ", to_string(place)));
  }
  if (refusal) std::rethrow_exception(refusal);
  std::vector<std::string> words;
  for (const auto& source : without) words.push_back(source->absence(image.selector()).message());
  throw not_found(image, text::join(words, "; "));
}

Error not_found(const Reference& image, std::string_view words) {
  return Error(ErrorCode::NotFound, text::cat(to_string(image), ": not found: ", words))
      .hint("check the registry, the repository and the tag or digest");
}

}  // namespace ociferry
