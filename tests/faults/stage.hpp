#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "oci/tag_names.hpp"
#include "ociferry/ferry.hpp"
#include "support/fault_proxy.hpp"
#include "support/image_builder.hpp"
#include "support/temp.hpp"
#include "support/token_server.hpp"

namespace ociferry::testing {

enum class Command { Push, Pull, Export, Import, Copy };
inline constexpr std::array<Command, 5> kCommands{Command::Push, Command::Pull, Command::Export, Command::Import,
                                                  Command::Copy};
[[nodiscard]] std::string name_of(Command command);

/// How often requests are repeated in these tests, and options that make little of all pauses.
inline constexpr int kRetries = 3;
[[nodiscard]] ociferry::RegistryOptions quick_options();

/// For requests of the tests themselves: manifests of the types that these tests put.
[[nodiscard]] std::string accept_header();

/// How a command ended, run through the library in this process.
struct Ending {
  int exit_code = 0;
  std::string error = {};   ///< message, context and hint
  std::string output = {};  ///< everything that was reported on the way, --debug's lines included
};

/// What a command leaves behind where others see it: tags and their digests, or files and theirs.
using Visible = std::map<std::string, std::string>;

/// Two registries that want tokens, each behind a proxy, and what the five commands need: a bundle outside, an archive
/// of it, a directory to push. At the places that commands write to is something older, which may not be lost.
class Stage {
 public:
  Stage();

  [[nodiscard]] FaultProxy& source() { return source_; }
  [[nodiscard]] FaultProxy& destination() { return destination_; }
  [[nodiscard]] const RegistryServer& inside() const { return inside_; }
  [[nodiscard]] const TokenServer& tokens() const { return tokens_; }
  /// Where the command's requests of the kinds that reading and writing need go.
  [[nodiscard]] FaultProxy& proxy_of(Command command, bool reads_source);

  /// Puts the older things back in their places and takes all else away; then the proxies have no rules.
  void reset();
  /// Runs the command as `options` says: credentials and places are added.
  [[nodiscard]] Ending run(Command command, ociferry::RegistryOptions options) const;
  /// Copies the bundle that is at the destination to another repository there, so that blobs could be mounted.
  [[nodiscard]] Ending run_within_destination(ociferry::RegistryOptions options) const;
  /// What the command has left behind; equal to that before the run if it has not changed anything.
  [[nodiscard]] Visible visible(Command command) const;
  /// True if the destination has every manifest and blob that its tags need.
  [[nodiscard]] bool destination_is_whole() const;

  /// What no output may hold: the password, and everything that looks like it or like a token.
  [[nodiscard]] static bool holds_secret(const std::string& text);
  [[nodiscard]] std::string locations_tag_at_destination() const { return locations_tag(*bundle_.digest); }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  [[nodiscard]] std::string repository(const FaultProxy& proxy, const std::string& name) const;
  void dispatch(Command command, const Context& context) const;
  [[nodiscard]] Ending guarded(ociferry::RegistryOptions options,
                               const std::function<void(const Context&)>& action) const;
  void allow_rig();
  [[nodiscard]] std::filesystem::path destination_data() const;

  TempDirectory directory_ = temp_directory();
  TokenServer tokens_;
  RegistryServer outside_;
  RegistryServer inside_;
  FaultProxy source_;
  FaultProxy destination_;
  Reference bundle_;
  std::chrono::steady_clock::time_point allow_again_{};
};

/// True if the registry gives what `selector` names, and all below it, with the right digests.
[[nodiscard]] bool has_all(const RegistryServer& registry, const std::string& repository, const std::string& selector);

}  // namespace ociferry::testing
