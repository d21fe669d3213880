#pragma once

#include <optional>
#include <vector>

#include "ociferry/descriptor.hpp"
#include "ociferry/digest.hpp"
#include "registry/connection.hpp"

namespace ociferry {

/// Reads all pages of a registry's list of what is attached to one manifest (distribution-spec, "Listing Referrers").
/// Used once, by one thread.
class ReferrerListing {
 public:
  /// All must outlive it.
  ReferrerListing(Connection& connection, const RepositoryName& name, const Digest& subject)
      : connection_(connection), name_(name), subject_(subject) {}

  /// Blocks until the last page is read. Returns nullopt if the first page is not answered as the specification says:
  /// registries without the API have many ways to say so. Temporary failures are retried, then thrown as
  /// Error{Network}; also throws Error{Unauthorized}, Error{Denied}, and Error{Hostile} for a list that has no end,
  /// leads to another registry or is malformed.
  /// Ends with Error{Interrupted} after `stop` is requested.
  [[nodiscard]] std::optional<std::vector<Descriptor>> run(const std::stop_token& stop);

  /// After `run` returned nullopt: false if the registry only reported an unknown repository.
  [[nodiscard]] bool is_conclusive() const noexcept { return conclusive_; }

 private:
  [[nodiscard]] std::optional<Answer> page(const Url& url, bool is_first, const std::stop_token& stop);
  void take_in(const Answer& answer);

  Connection& connection_;
  const RepositoryName& name_;
  const Digest& subject_;
  std::vector<Descriptor> found_;
  bool conclusive_ = true;
};

}  // namespace ociferry
