#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/image_builder.hpp"
#include "support/ociferry.hpp"
#include "visible_files.hpp"

namespace ociferry::testing {

/// Unpack is a pull of an image with links; ExportDelta leaves out what an older archive has.
enum class Command {
  Push,
  Pull,
  Unpack,
  Export,
  Import,
  Copy,
  ExportVolumes,
  ImportVolumes,
  ExportDelta,
  Merge,
  Protect,
  Repair,
  Compact,
  CompactVolumes,
  Expand,
  ExportCompact,
  Split,
  Join
};
inline constexpr std::array<Command, 18> kCommands{
    Command::Push,          Command::Pull,          Command::Unpack,        Command::Export,         Command::Import,
    Command::Copy,          Command::ExportVolumes, Command::ImportVolumes, Command::ExportDelta,    Command::Merge,
    Command::Protect,       Command::Repair,        Command::Compact,       Command::CompactVolumes, Command::Expand,
    Command::ExportCompact, Command::Split,         Command::Join};
[[nodiscard]] std::string name_of(Command command);

/// A request as the assertions need it.
struct SeenRequest {
  std::string method;
  std::string path;
  std::string digest;       ///< of the blob that is read or uploaded; empty if it is none
  std::uint64_t begin = 0;  ///< of a Range
};

/// Two registries of this process and a directory with what the commands need. At the places that they write to is
/// something older. The program runs as a process of its own, with somebody who watches its system calls.
class CallStage {
 public:
  CallStage();

  /// Puts the older things back and takes all else away.
  void reset();
  /// Runs the command; `script` are variables for CallScript.
  Outcome run(Command command, const Variables& script = {}, int jobs = 2);
  [[nodiscard]] Words words(Command command, int jobs) const;

  [[nodiscard]] Visible visible(Command command) const;
  /// The older things' state.
  [[nodiscard]] const Visible& before(Command command) const { return before_.at(command); }
  /// What a run without faults leaves.
  [[nodiscard]] const Visible& after(Command command) const { return after_.at(command); }
  /// All names in the working directory, hidden ones too.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] const std::vector<std::string>& names_after(Command command) const { return names_after_.at(command); }

  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return ociferry_.home() / name; }
  [[nodiscard]] const Ociferry& ociferry() const { return ociferry_; }

  /// What was asked of the registries since the last call.
  [[nodiscard]] std::vector<SeenRequest> take_requests();
  /// True if the registry at the destination has the blob.
  [[nodiscard]] bool destination_has(const std::string& digest) const;
  /// The bytes of the archive that an export makes.
  [[nodiscard]] const std::string& archive() const { return archive_; }
  /// The layers that a command reads from the source, with their sizes.
  [[nodiscard]] std::map<std::string, std::uint64_t> source_layers(Command command) const;

 private:
  HttpReply answer(FakeRegistry& registry, const HttpRequest& request);
  [[nodiscard]] std::shared_ptr<FakeRegistry> destination() const;
  void plant(const std::string& repository, const Image& image, const std::string& tag);
  void make_source();

  mutable std::mutex mutex_;
  std::vector<SeenRequest> requests_;
  FakeRegistry source_;
  std::shared_ptr<FakeRegistry> destination_;
  Ociferry ociferry_{WATCHED_OCIFERRY};
  Image app_;
  Image links_;
  std::map<Command, Visible> before_;
  std::map<Command, Visible> after_;
  std::map<Command, std::vector<std::string>> names_after_;
  std::map<std::string, std::uint64_t> bundle_layers_;
  std::set<std::string> inputs_;  ///< names in the working directory that no command writes
  std::string archive_;
  HttpServer outside_;  ///< last: their threads use all of the above
  HttpServer inside_;
};

/// Those that the environment's OCIFERRY_COMMANDS names, "compact,expand", or all.
[[nodiscard]] std::vector<Command> chosen_commands();

/// One stage for all cases of the program, with the older things in place: making one takes a run of each command.
[[nodiscard]] CallStage& fresh_stage();

/// The variables of a fault, which makes the file "hit" in the stage's directory when it happens.
[[nodiscard]] Variables fault_script(const CallStage& stage, const std::string& fault);
[[nodiscard]] bool was_hit(const CallStage& stage);
/// The calls of a whole run of `command`, from the start.
[[nodiscard]] std::size_t count_calls(CallStage& stage, Command command);

/// What is wrong with the state after a run with a fault; empty if nothing is: each output is the old one or the new
/// one, and the tag is moved last.
[[nodiscard]] std::string judge_state(const CallStage& stage, Command command);
/// Runs the command without a fault and says what is wrong then; empty if nothing is.
[[nodiscard]] std::string judge_rerun(CallStage& stage, Command command);

}  // namespace ociferry::testing
