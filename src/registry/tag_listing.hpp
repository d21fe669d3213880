#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "registry/connection.hpp"
#include "registry/pages.hpp"

namespace ociferry {

/// Reads all pages of a repository's list of tags. Used by one thread at a time, and not after a failure.
class TagListing {
 public:
  /// `connection` and `name` must outlive it.
  TagListing(Connection& connection, const RepositoryName& name) : connection_(connection), name_(name) {}

  /// Blocks until the last page is read. See Repository::list_tags.
  [[nodiscard]] std::vector<std::string> run();
  /// The same, or nullopt if there are more than `most_pages` pages; another call goes on there.
  [[nodiscard]] std::optional<std::vector<std::string>> run_within(std::size_t most_pages);
  /// After a failure: true if the registry reported an unknown repository.
  [[nodiscard]] bool is_repository_unknown() const noexcept { return repository_unknown_; }

 private:
  [[nodiscard]] Answer page(const Url& url);
  void take_in(const Answer& answer);

  Connection& connection_;
  const RepositoryName& name_;
  std::optional<Pages> pages_;
  std::set<std::string> tags_;
  bool repository_unknown_ = false;
};

}  // namespace ociferry
