#include "ferry/deliver/manifest_writer.hpp"

#include <mutex>
#include <optional>

#include "ferry/deliver/refused_indexes.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

void write_manifests(const std::vector<PlannedStep>& steps, const std::map<std::string, TagState>& outdated,
                     const Graph& graph, const Destination& to, const Context& context) {
  std::mutex mutex;
  std::optional<IndexesRefused> refusal;
  const auto put = [&](const PlannedManifest& manifest) {
    const auto other = outdated.find(manifest.selector);
    try {
      put_tag(to, other == outdated.end() ? TagState{.wanted = manifest} : other->second, context);
    } catch (const Error& error) {
      // A refusal only because of absent children is collected: the caller replaces such an index.
      if (!is_for_absence(error, graph, manifest.digest(), to)) throw;
      const std::lock_guard lock(mutex);
      if (!refusal) refusal.emplace(error, std::set<Digest>{});
      refusal->indexes.insert(manifest.digest());
    }
  };
  for (const PlannedStep& step : steps) {
    run_parallel_or_throw(context.jobs, step.size(), context.stop,
                          [&](std::size_t i, const std::stop_token&) { put(step[i]); });
    if (refusal) throw *refusal;
  }
}

void read_back(const std::vector<PlannedStep>& steps, const Destination& to, const Context& context) {
  std::vector<const PlannedManifest*> manifests;
  for (const PlannedStep& step : steps) {
    for (const PlannedManifest& manifest : step) manifests.push_back(&manifest);
  }
  run_parallel_or_throw(context.jobs, manifests.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    const PlannedManifest& manifest = *manifests[i];
    const auto ask = [&]() -> std::optional<Digest> {
      const auto raw = to.source.manifest(manifest.selector);
      return raw ? std::optional(raw->descriptor.digest) : std::nullopt;
    };
    await_kept(to, manifest, ask, context);
  });
}

}  // namespace ociferry
