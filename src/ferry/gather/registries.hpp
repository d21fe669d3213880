#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ferry/gather/discover.hpp"
#include "ferry/gather/timed_transport.hpp"
#include "ociferry/ferry.hpp"
#include "registry/registry_client.hpp"

namespace ociferry {

/// The registries of one command. `context` must outlive it.
class Registries {
 public:
  explicit Registries(const Context& context, const GatherOptions& gather = {}, Traffic traffic = Traffic::Few);

  [[nodiscard]] std::shared_ptr<Repository> repository(const RepositoryName& name) { return client_.repository(name); }
  [[nodiscard]] std::vector<std::string> catalog(const std::string& registry) { return client_.catalog(registry); }
  /// For `discover`.
  [[nodiscard]] OpenSource opener();

 private:
  RegistryClient client_;
};

}  // namespace ociferry
