#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "cli/results.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/version.hpp"

namespace ociferry {

/// Which of the shared options a command takes.
enum class CommonOptions { None, Jobs, Registry };

/// One command of the program: a file of its own declares its options and calls one use case. Usage and examples
/// say "ociferry"; help shows the name that the program was called by.
struct Command {
  std::string_view name;        ///< of a sub-command with its parent's before it: "tag list"
  std::string_view alias = {};  ///< another full name, such as "tag ls"
  std::string_view summary;     ///< one line for the list of commands
  std::string_view usage;
  std::string_view examples = {};  ///< lines, indented by two spaces
  CommonOptions common = CommonOptions::None;
  bool in_imgpkg = true;     ///< false: there is no such command where the program is called imgpkg
  bool unpacks = false;      ///< it looks into layers, so the limits of that are options
  bool writes_data = false;  ///< standard output is data, even on a terminal: no steps are shown there
  void (*declare)(Arguments& arguments);
  /// Throws Error. What the common options say is already in the context.
  void (*run)(const Arguments& arguments, Context& context, Console& console);
};

/// All commands, in the order the help lists them.
[[nodiscard]] const std::vector<const Command*>& commands();
/// Those that there are when the program is called `program`.
[[nodiscard]] std::vector<const Command*> commands_of(std::string_view program);

extern const Command kPushCommand;
extern const Command kExportCommand;
extern const Command kImportCommand;
extern const Command kCopyCommand;
extern const Command kPullCommand;
extern const Command kMergeCommand;
extern const Command kRmCommand;
extern const Command kAddCommand;
extern const Command kLsCommand;
extern const Command kCatCommand;
extern const Command kExtractCommand;
extern const Command kInspectCommand;
extern const Command kVerifyCommand;
extern const Command kDiffCommand;
extern const Command kInventoryCommand;
extern const Command kCompactCommand;
extern const Command kExpandCommand;
extern const Command kDescribeCommand;
extern const Command kTagListCommand;
extern const Command kTagResolveCommand;
extern const Command kJoinCommand;
extern const Command kLoginCommand;
extern const Command kProtectCommand;
extern const Command kRepairCommand;
extern const Command kSplitCommand;
extern const Command kLogoutCommand;
extern const Command kAuthExplainCommand;
extern const Command kProbeCommand;
extern const Command kVersionCommand;
extern const Command kCompletionCommand;

/// Options that several commands share.
void declare_source(Arguments& arguments, bool repeatable);
/// The -b, -i and --lock arguments, in that order, where they are repeatable.
[[nodiscard]] std::vector<SourceArgument> sources_of(const Arguments& arguments);
/// Those that were given where each may be given once.
[[nodiscard]] std::vector<SourceArgument> single_sources_of(const Arguments& arguments);
/// The one of these that was given. Throws Error{Usage} if there is none, or several.
[[nodiscard]] SourceArgument one_source(const Arguments& arguments);
/// The --verify option of commands that write to a repository. Throws Error{Usage} for an unknown value.
void declare_proof(Arguments& arguments);
[[nodiscard]] Proof proof_of(const Arguments& arguments);
/// Declares the shared options (Registry: with those of Jobs), and fills in what was given.
void declare_common(Arguments& arguments, CommonOptions options);
void read_common(const Arguments& arguments, CommonOptions options, Context& context);
/// Declares the options that every command has.
void declare_global(Arguments& arguments);
/// Declares all that `command` takes: its own options, the shared ones and the global ones.
void declare_all(const Command& command, Arguments& arguments);

/// "3 images (1 bundle)", or "4 images (1 bundle, 1 referrer)"
[[nodiscard]] std::string count_images(std::size_t images, std::size_t bundles, std::size_t referrers = 0);
/// "1 blob", "2 blobs"
[[nodiscard]] std::string count(std::size_t number, std::string_view noun);

/// Runs the program: `path` is what it was called by, `words` are its arguments. Called by the name imgpkg it says so
/// in its messages, lays errors out as imgpkg does, and ends with 1 for every error. `build` is what `version` shows;
/// it lasts as long as the program. Returns the exit code.
int run_program(const std::string& path, const std::vector<std::string>& words, std::string_view build = version());

}  // namespace ociferry
