#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stage.hpp"

namespace ociferry::testing {

/// What a soak has come to so far.
struct SoakFigures {
  std::map<std::string, std::size_t> operations;  ///< by name
  std::map<int, std::size_t> failures;            ///< by exit code; each was followed by a run that succeeded
  std::size_t requests = 0;
  std::size_t faults = 0;
  std::vector<std::string> wrong;  ///< states and ends that must not be
};

/// Memory and open files of this process.
struct Footprint {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
};
[[nodiscard]] Footprint footprint();

/// push, export, import, copy, pull and deletion, one after the other as a seed decides, between two registries of
/// which one collects garbage: when it is stopped, behind its own back, and during an import. About one request in a
/// hundred meets a fault. Whatever succeeds is read back whole; whatever fails, with a documented code, succeeds when
/// it is run again.
class Soak {
 public:
  explicit Soak(std::uint64_t seed);
  /// One operation, with all that it leads to.
  void step();
  [[nodiscard]] const SoakFigures& figures() const { return figures_; }

 private:
  using Action = std::function<void(const Context&)>;
  /// A repository inside, and the version of the bundle that is under its tag there.
  using Place = std::pair<std::size_t, std::size_t>;

  void push_bundle(std::size_t version);
  void export_bundle(std::size_t version);
  void import_bundle(const Place& place);
  void copy_bundle(const Place& place);
  void pull_bundle();
  void import_during_collection(const Place& place);
  void delete_everything(std::size_t repository);

  /// Runs `action` amid faults, then, if it has failed, without; false if it fails then, too.
  bool run(const std::string& name, const Action& action);
  /// Runs `action` without faults; it must succeed.
  bool check_again(const std::string& name, const Action& action);
  [[nodiscard]] int attempt(const Action& action, ociferry::RegistryOptions options, std::string& error);
  [[nodiscard]] std::vector<Rule> some_faults();
  void check(bool fact, const std::string& what);
  [[nodiscard]] std::vector<std::string> tags_of(const std::string& repository) const;
  void check_place(const std::string& name, const Place& place);
  void after_writing(const std::string& name, const Place& place);
  [[nodiscard]] RelocateOptions relocate_options(const Place& place);
  [[nodiscard]] std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  [[nodiscard]] std::string archive(std::size_t version) const { return path("v" + std::to_string(version) + ".tar"); }
  [[nodiscard]] SourceArgument source_of(std::size_t version) const;

  TempDirectory directory_ = temp_directory();
  std::mt19937_64 random_;
  RegistryServer outside_;
  RegistryServer inside_{{.remembers_blobs = true}};
  FaultProxy source_{outside_};
  FaultProxy destination_{inside_};
  std::map<std::size_t, std::string> data_;  ///< of each version, what its file holds
  std::map<std::size_t, Digest> bundles_;    ///< of each version
  std::map<std::size_t, Digest> archives_;   ///< of each version, the digest of its archive
  std::set<Place> places_;                   ///< what is inside
  std::set<std::size_t> lying_;              ///< repositories whose registry remembers what it has lost
  SoakFigures figures_;
};

}  // namespace ociferry::testing
