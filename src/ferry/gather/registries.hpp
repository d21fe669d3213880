#pragma once

#include <memory>

#include "ferry/gather/discover.hpp"
#include "ociferry/ferry.hpp"
#include "registry/registry_client.hpp"

namespace ociferry {

/// The registries of one command. `context` must outlive it.
class Registries {
 public:
  explicit Registries(const Context& context, const GatherOptions& gather = {});

  [[nodiscard]] std::shared_ptr<Repository> repository(const RepositoryName& name) { return client_.repository(name); }
  /// For `discover`.
  [[nodiscard]] OpenSource opener();

 private:
  RegistryClient client_;
};

}  // namespace ociferry
