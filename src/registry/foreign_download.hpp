#pragma once

#include <mutex>
#include <set>
#include <string>

#include "registry/blob_download.hpp"

namespace ociferry {

/// The places that gave wrong bytes for a layer, so that the next attempt begins elsewhere. Thread-safe.
class SpoiledPlaces {
 public:
  void add(const std::string& place);
  [[nodiscard]] bool contains(const std::string& place) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string> places_;
};

/// One download of a layer that may not be redistributed: from its repository or, if that does not have it, from the
/// URLs that its descriptor names (image-spec, descriptor.md), in their order and without credentials. A place that
/// fails leads to the next, which goes on where the last one broke.
class ForeignDownload {
 public:
  /// All but `stop` must outlive it.
  ForeignDownload(Connection& connection, const RepositoryName& name, const Descriptor& layer, ByteSink& sink,
                  SpoiledPlaces& spoiled, std::stop_token stop);

  /// Blocks until all of the layer is in the sink, size and digest checked. Throws Error{Corrupt} if what arrived is
  /// wrong: another download then begins at the next place. Throws Error{NotFound} or Error{Network} that lists
  /// all places if none has it; whatever else the sink throws.
  void run();

 private:
  [[nodiscard]] std::vector<DownloadPlace> places();
  [[nodiscard]] DownloadPlace place_at(const std::string& url);
  [[nodiscard]] bool try_place(const DownloadPlace& place, ByteSink& sink);
  void note_failure(const std::string& place, const Error& error);
  [[nodiscard]] Error nowhere() const;

  Connection& connection_;
  const RepositoryName& name_;
  const Descriptor& layer_;
  ByteSink& sink_;
  SpoiledPlaces& spoiled_;
  std::stop_token stop_;
  std::uint64_t delivered_ = 0;
  std::vector<std::string> givers_;  ///< the places that what was delivered is from
  std::vector<std::string> failures_;
  bool may_pass_ = false;  ///< one of the failures was of the network
};

}  // namespace ociferry
