#include "ferry/deliver/left_out.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// A blob that a repository needs and the archives leave out.
struct Demand {
  RepositoryRound* round = nullptr;
  Graph::BlobNode* blob = nullptr;
  bool is_there = false;  ///< in the repository itself
  bool is_found = false;  ///< in another one
};

bool has(const Destination& repository, const Descriptor& blob) { return repository.source.is_blob(blob); }

/// The same for a repository that may be unreadable or absent.
bool may_have(const OpenDestination& open, const RepositoryName& name, const Descriptor& blob) {
  try {
    return has(open(name), blob);
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    if (code == ErrorCode::Unauthorized || code == ErrorCode::Denied || code == ErrorCode::NotFound) return false;
    throw;
  }
}

/// A repository as a source of its blobs. Not owned.
std::shared_ptr<BlobSource> source_in(const Destination& repository) {
  return {std::shared_ptr<void>(), &repository.source};
}

/// The repositories that may have what is demanded, likely ones first.
class Candidates {
 public:
  Candidates(const std::vector<Demand>& demands, const ImageSet& set, const BlobPlaces& owners)
      : set_(set), owners_(owners) {
    for (const Demand& demand : demands) {
      std::set<RepositoryName>& there = known_[demand.blob->descriptor.digest].there;
      if (demand.is_there) there.insert(demand.round->name());
    }
    for (const SetImage& image : set.images()) add_names(image);
  }

  /// The first candidate in the registry of `demand` for which `has_it(name)` is true; nullptr if there is none. Each
  /// is asked once, and none after the first match.
  template <typename HasIt>
  [[nodiscard]] const RepositoryName* first(const Demand& demand, const HasIt& has_it) const {
    const Digest& digest = demand.blob->descriptor.digest;
    const RepositoryName& to = demand.round->name();
    std::set<RepositoryName> asked;
    const auto is_it = [&](const RepositoryName& name) {
      return name.registry == to.registry && name != to && asked.insert(name).second && has_it(name);
    };
    const auto first_of = [&](const auto& names) -> const RepositoryName* {
      const auto found = std::ranges::find_if(names, is_it);
      return found == names.end() ? nullptr : &*found;
    };
    const Places& known = known_.at(digest);
    if (const auto* name = first_of(known.there)) return name;
    if (const auto* name = first_of(set_.graph().left_out().at(digest).in)) return name;
    const auto owner = owners_.find(digest);
    if (owner != owners_.end() && is_it(owner->second)) return &owner->second;
    return first_of(known.named);
  }

 private:
  struct Places {
    std::set<RepositoryName> there = {};  ///< where it was found to be
    std::set<RepositoryName> named = {};  ///< where its images come from, which may be the same registry
  };

  void add_names(const SetImage& image) {
    for (const Digest& manifest : set_.graph().closure(image.digest())) {
      for (const Descriptor& blob : set_.graph().blobs_of(manifest)) {
        const auto known = known_.find(blob.digest);
        if (known == known_.end()) continue;
        known->second.named.insert(image.reference.name);
        for (const auto& [name, tags] : image.also) known->second.named.insert(name);
      }
    }
  }

  const ImageSet& set_;
  const BlobPlaces& owners_;
  std::map<Digest, Places> known_;  ///< of all that is demanded
};

std::string size_of_all(const std::vector<Descriptor>& blobs) {
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : blobs) bytes += blob.size;
  return text::cat(blobs.size(), blobs.size() == 1 ? " layer" : " layers", " (", text::human_bytes(bytes), ")");
}

std::vector<Demand> demands_of(std::deque<RepositoryRound>& rounds) {
  std::vector<Demand> demands;
  for (RepositoryRound& round : rounds) {
    for (Graph::BlobNode* blob : round.left_out()) demands.push_back({.round = &round, .blob = blob});
  }
  return demands;
}

[[noreturn]] void refuse_missing(const std::vector<Demand>& missing, const ImageSet& set) {
  constexpr std::size_t kRepositoriesShown = 5;
  std::set<std::string> repositories;
  std::map<Digest, Descriptor> blobs;
  for (const Demand& demand : missing) {
    repositories.insert(to_string(demand.round->name()));
    blobs.emplace(demand.blob->descriptor.digest, demand.blob->descriptor);
  }
  std::vector<std::string> names(repositories.begin(), repositories.end());
  if (names.size() > kRepositoriesShown) {
    const std::string more = text::cat(names.size() - kRepositoriesShown, " more repositories");
    names.resize(kRepositoriesShown);
    names.push_back(more);
  }
  std::vector<Descriptor> layers;
  for (const auto& [digest, blob] : blobs) layers.push_back(blob);
  throw Error(ErrorCode::Incomplete, text::cat(text::join(names, ", "), names.size() == 1 ? " lacks " : " lack ",
                                               list_left_out(layers, set, " that the archive leaves out")))
      .hint(
          "nothing was written; give an archive that has these layers with --base FILE, or have it exported again: "
          "without --have, or with a new list of what is here (ociferry inventory)");
}

}  // namespace

void check_nothing_left_out(const ImageSet& set, std::string_view archives, std::string_view hint) {
  const Graph& graph = set.graph();
  if (graph.left_out().empty()) return;
  std::vector<Descriptor> missing;
  for (const auto& [digest, ignored] : graph.left_out()) missing.push_back(graph.blobs().at(digest).descriptor);
  throw Error(ErrorCode::Incomplete, text::cat(archives, " leaves out ", list_left_out(missing, set)))
      .hint(std::string(hint));
}

std::string list_left_out(const std::vector<Descriptor>& blobs, const ImageSet& set, std::string_view what) {
  constexpr std::size_t kImagesShown = 20;
  std::set<Digest> digests;
  std::set<std::string> builds_on;
  for (const Descriptor& blob : blobs) {
    digests.insert(blob.digest);
    const auto known = set.graph().left_out().find(blob.digest);
    if (known == set.graph().left_out().end()) continue;
    builds_on.insert(known->second.builds_on.begin(), known->second.builds_on.end());
  }
  std::string list = text::cat(size_of_all(blobs), what, ", since it builds on ",
                               text::join({builds_on.begin(), builds_on.end()}, " and "), ":");
  std::size_t more = 0;
  std::size_t images = 0;
  for (const SetImage& image : set.images()) {
    std::set<std::string> needed;
    for (const Digest& manifest : set.graph().closure(image.digest())) {
      for (const Descriptor& blob : set.graph().blobs_of(manifest)) {
        if (digests.contains(blob.digest)) needed.insert(blob.digest.text());
      }
    }
    if (needed.empty()) continue;
    if (++images > kImagesShown) {
      ++more;
      continue;
    }
    const std::string tag = image.tags.empty() ? "" : text::cat(" (", *image.tags.begin(), ")");
    list += text::cat("\n  - ", to_string(image.reference), tag, " needs ",
                      text::join({needed.begin(), needed.end()}, ", "));
  }
  if (more > 0) list += text::cat("\n  - and ", more, " more images");
  return list;
}

void prove_left_out(std::deque<RepositoryRound>& rounds, const ImageSet& set, const BlobPlaces& owners,
                    const OpenDestination& open, const Context& context) {
  std::vector<Demand> demands = demands_of(rounds);
  if (demands.empty()) return;
  context.progress->phase("checking what the archive leaves out", 0);
  run_parallel_or_throw(context.jobs, demands.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    demands[i].is_there = has(demands[i].round->to(), demands[i].blob->descriptor);
  });
  const Candidates candidates(demands, set, owners);
  const auto find_elsewhere = [&](std::size_t i, const std::stop_token&) {
    Demand& demand = demands[i];
    if (demand.is_there) return;
    const RepositoryName* const name = candidates.first(
        demand, [&](const RepositoryName& one) { return may_have(open, one, demand.blob->descriptor); });
    if (name == nullptr) return;
    demand.blob->source = source_in(open(*name));
    demand.is_found = true;
  };
  run_parallel_or_throw(context.jobs, demands.size(), context.stop, find_elsewhere);
  std::vector<Demand> missing;
  std::ranges::copy_if(demands, std::back_inserter(missing),
                       [](const Demand& demand) { return !demand.is_there && !demand.is_found; });
  if (!missing.empty()) refuse_missing(missing, set);
  std::map<RepositoryRound*, std::set<Digest>> there;
  for (const Demand& demand : demands) {
    if (demand.is_there) there[demand.round].insert(demand.blob->descriptor.digest);
  }
  for (const auto& [round, blobs] : there) round->mark_present(blobs);
}

}  // namespace ociferry
