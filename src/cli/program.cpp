#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <new>
#include <system_error>

#include "base/suggestion.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "cli/command.hpp"
#include "cli/completion/completion.hpp"
#include "cli/confinement.hpp"
#include "cli/flag_syntax.hpp"
#include "cli/help.hpp"
#include "cli/imgpkg_words.hpp"
#include "cli/limit_options.hpp"
#include "cli/manual.hpp"
#include "cli/signals.hpp"
#include "cli/stream_option.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kImgpkg = "imgpkg";

std::vector<FlagName> global_flags() {
  Arguments arguments("", "");
  declare_global(arguments);
  std::vector<FlagName> names;
  for (const DeclaredOption& option : arguments.declared()) {
    names.push_back({option.long_name, option.short_name, !option.placeholder.empty()});
  }
  return names;
}

const Command* find_command(std::string_view name, std::string_view program) {
  const std::vector<const Command*> all = commands_of(program);
  const auto found =
      std::ranges::find_if(all, [&](const Command* one) { return one->name == name || one->alias == name; });
  return found == all.end() ? nullptr : *found;
}

/// A parsed command line.
struct Call {
  std::string name = {};  ///< as the user wrote it: "push", "tag ls"
  std::vector<std::string> words = {};
};

/// Moves the next plain word from `words` to the end of `call.name`.
void take_name(Call& call) {
  const auto position = first_plain_word(call.words, global_flags());
  if (!position) return;
  const auto word = call.words.begin() + static_cast<std::ptrdiff_t>(*position);
  call.name = call.name.empty() ? *word : call.name + " " + *word;
  call.words.erase(word);
}

/// Finds the name of the command among global options; a parent's name is followed by its sub-command's.
Call read_call(const std::vector<std::string>& words) {
  Call call{.words = words};
  take_name(call);
  if (is_parent(call.name)) take_name(call);
  return call;
}

Error no_more_memory() {
  return system_error("reserving memory", ENOMEM)
      .hint(
          "memory is limited: allow more (ulimit -v, MemoryMax of a systemd unit, a container's --memory), or give "
          "fewer --jobs");
}

const std::terminate_handler kUsualEnd = std::get_terminate();

/// The C++ library ends the program where there is no memory for an exception itself. That is a limit, and no bug.
void end_without_memory() noexcept {
  constexpr std::size_t kLittle = 4096;
  void* volatile some = std::malloc(kLittle);  // `new` would throw inside; a compiler may not take it as given
  const bool has_memory = some != nullptr;
  std::free(some);
  if (std::current_exception() != nullptr || has_memory) kUsualEnd();
  constexpr std::string_view kWords =
      "ociferry: Error: reserving memory: Cannot allocate memory\n  hint: memory is limited: allow more (ulimit -v)\n";
  static_cast<void>(!::write(STDERR_FILENO, kWords.data(), kWords.size()));
  ::_exit(exit_code(ErrorCode::Io));
}

/// Converts an exception of a library or the system to an Error.
Error as_error(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
  if (const auto* failure = dynamic_cast<const std::filesystem::filesystem_error*>(&exception)) {
    return system_error(failure->path1().string(), failure->code().value());
  }
  if (const auto* failure = dynamic_cast<const std::system_error*>(&exception)) {
    if (failure->code() == std::errc::resource_unavailable_try_again) return no_more_threads("starting a thread");
    if (failure->code().category() == std::generic_category()) {
      return system_error("the system", failure->code().value());
    }
  }
  if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr) return no_more_memory();
  return Error(ErrorCode::Internal, exception.what()).hint("this is a bug in ociferry: please report it");
}

/// A file opened later must not become the standard output. What was closed stays unusable: it is opened for the
/// other direction, so that whoever reads or writes there gets EBADF, and no output is lost without a word.
void open_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const int direction = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", direction) < 0) std::abort();
  }
}

/// One run of the program.
class Run {
 public:
  Run(std::string name, std::string_view build, const Signals& signals)
      : name_(std::move(name)), build_(build), signals_(signals) {}

  int run(const std::vector<std::string>& words) {
    // Errors may come before the command line is parsed: search it for these words.
    const bool json = std::ranges::any_of(words, [](auto& word) { return word == "--json" || word == "--json=true"; });
    Console plain({.program = name_,
                   .error_form = error_form(),
                   .progress = has_json_progress(words) ? ProgressForm::Json : ProgressForm::None,
                   .json = json});
    return guarded(plain, [&] { return dispatch(words, plain); });
  }

 private:
  [[nodiscard]] bool is_imgpkg() const { return name_ == kImgpkg; }
  [[nodiscard]] CalledAs called_as() const { return is_imgpkg() ? CalledAs::Imgpkg : CalledAs::Ociferry; }
  [[nodiscard]] ErrorForm error_form() const { return is_imgpkg() ? ErrorForm::Imgpkg : ErrorForm::Ociferry; }

  /// The code that the process ends with. imgpkg knows only 1; a signal keeps its own.
  [[nodiscard]] int exit_code_of(const Error& error) const {
    const int signal = signals_.received();
    if (error.code() == ErrorCode::Interrupted) return signal != 0 ? 128 + signal : exit_code(error.code());
    return is_imgpkg() ? 1 : exit_code(error.code());
  }

  int fail(Console& console, const std::exception& exception) const {
    const Error error = as_error(exception);
    const int code = exit_code_of(error);
    console.error(error, code);
    return code;
  }

  /// Runs `work` and ends the console's output, whatever happens.
  template <typename Work>
  int guarded(Console& console, Work&& work) const {
    int code = 0;
    try {
      code = work();
      console.end();
      return code;
    } catch (const std::exception& exception) {
      code = fail(console, exception);
    }
    try {
      console.end();
    } catch (const std::exception& exception) {
      fail(console, exception);
    }
    return code;
  }

  int dispatch(const std::vector<std::string>& words, Console& plain) const {
    Call call = read_call(words);
    if (call.name == "help") return help(call.words, plain);
    if (call.name.empty()) return without_command(call.words, plain);
    if (is_parent(call.name)) return parent_alone(call, plain);
    const Command* command = find_command(call.name, name_);
    if (command == nullptr) throw unknown_command(call.name);
    Arguments arguments(text::cat(name_, " ", call.name), usage_of(*command, name_), called_as());
    declare_all(*command, arguments);
    arguments.parse(call.words);
    if (arguments.on("help")) {
      plain.block(help_of(*command, arguments));
      return 0;
    }
    return run_command(*command, arguments);
  }

  [[nodiscard]] Error unknown_command(const std::string& name) const {
    if (is_imgpkg()) {
      const auto space = name.find(' ');
      const std::string parent = space == std::string::npos ? "" : " " + name.substr(0, space);
      return Error(ErrorCode::Usage, text::cat("command '", name_, parent, "' does not accept extra arguments '",
                                               name.substr(space == std::string::npos ? 0 : space + 1), "'"));
    }
    std::vector<std::string> known = {"help"};
    for (const Command* command : commands()) {
      known.emplace_back(command->name);
      if (is_parent(first_word(known.back()))) known.push_back(first_word(known.back()));
    }
    const std::string meant = suggestion_for(name, known);
    const std::string question = meant.empty() ? "" : text::cat("did you mean '", name_, " ", meant, "'? ");
    return Error(ErrorCode::Usage, text::cat("unknown command \"", name, "\" for \"", name_, "\""))
        .hint(text::cat(question, "'", name_, " --help' lists them"));
  }

  /// `ociferry help`, `ociferry help tag list`. Of a command a reader at a terminal gets the manual page, if it is
  /// there.
  int help(const std::vector<std::string>& words, Console& plain) const {
    const std::string name = text::join(read_words(words, global_flags()).positionals, " ");
    if (name.empty() || name == "help" || is_parent(name)) {
      plain.block(overview(is_parent(name) ? name : "", name_));
      return 0;
    }
    const Command* command = find_command(name, name_);
    if (command == nullptr) throw unknown_command(name);
    const bool has_reader = ::isatty(STDOUT_FILENO) == 1 && !plain.options().json;
    if (has_reader && !is_imgpkg()) show_manual_page(manual_page_of(*command));
    Arguments arguments(text::cat(name_, " ", name), usage_of(*command, name_), called_as());
    declare_all(*command, arguments);
    plain.block(help_of(*command, arguments));
    return 0;
  }

  int without_command(const std::vector<std::string>& words, Console& plain) const {
    Arguments arguments(name_, "", called_as());
    declare_global(arguments);
    arguments.flag("version", "");
    arguments.parse(words);
    if (arguments.on("version")) {
      std::vector<std::string> version = {"version"};
      std::ranges::remove_copy(words, std::back_inserter(version), "--version");
      return dispatch(version, plain);
    }
    if (is_imgpkg() && !arguments.on("help")) throw Error(ErrorCode::Usage, imgpkg_subcommands(""));
    plain.block(overview("", name_));
    return arguments.on("help") ? 0 : exit_code(ErrorCode::Usage);
  }

  /// `ociferry tag` without a subcommand.
  int parent_alone(const Call& call, Console& plain) const {
    Arguments arguments(text::cat(name_, " ", call.name), "", called_as());
    declare_global(arguments);
    arguments.parse(call.words);
    if (is_imgpkg() && !arguments.on("help")) throw Error(ErrorCode::Usage, imgpkg_subcommands(call.name));
    plain.block(overview(call.name, name_));
    return arguments.on("help") ? 0 : exit_code(ErrorCode::Usage);
  }

  int run_command(const Command& command, const Arguments& arguments) const {
    // Before the console and others start threads.
    const std::string confinement = confine(rights_of(command, arguments));
    Console console(options_of(command, arguments));
    return guarded(console, [&] {
      console.debug(confinement);
      for (const std::string& line : arguments.deprecations()) console.remark(line);
      for (const std::string& line : arguments.warnings()) console.warn(line);
      Context context{.progress = &console, .stop = signals_.token()};
      read_common(arguments, command.common, context);
      context.registry.retry_timeouts = !is_imgpkg();
      if (!is_imgpkg()) check_output_is_no_stream(arguments);
      if (command.unpacks) context.unpack = read_limits(arguments);
      command.run(arguments, context, console);
      console.succeeded();
      return 0;
    });
  }

  [[nodiscard]] ConsoleOptions options_of(const Command& command, const Arguments& arguments) const {
    const bool out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
    const bool colors = arguments.on("color") && (arguments.is_set("color") || (out_is_terminal && !no_color()));
    return {.program = name_,
            .build = build_,
            .command = std::string(command.name),
            .error_form = error_form(),
            .show_lines = !command.writes_data && (arguments.on("tty") || out_is_terminal),
            .progress = progress_form(arguments.optional_text("progress").value_or("auto")),
            .debug = arguments.on("debug"),
            .json = arguments.on("json"),
            .columns = arguments.list_of("column"),
            .emphasis = colors ? Emphasis::Bold : Emphasis::None,
            .out = fills_standard_output(arguments) ? STDERR_FILENO : STDOUT_FILENO};
  }

  [[nodiscard]] ProgressForm progress_form(std::string_view mode) const {
    if (mode == "plain") return ProgressForm::Lines;
    if (mode == "none") return ProgressForm::None;
    if (mode == "json") return ProgressForm::Json;
    if (mode != "auto") {
      throw Error(ErrorCode::Usage, "--progress can only have the following values [auto, plain, none, json]");
    }
    if (::isatty(STDERR_FILENO) == 1 && can_rewrite_lines()) return ProgressForm::Live;
    return is_imgpkg() ? ProgressForm::None : ProgressForm::Lines;
  }

  static bool has_json_progress(const std::vector<std::string>& words) {
    const auto option = std::ranges::find(words, "--progress");
    const bool apart = option != words.end() && std::next(option) != words.end() && *std::next(option) == "json";
    return apart || std::ranges::find(words, "--progress=json") != words.end();
  }

  /// "dumb" terminals support no control sequences.
  static bool can_rewrite_lines() {
    const char* terminal = std::getenv("TERM");
    return terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  }

  /// https://no-color.org
  static bool no_color() {
    const char* value = std::getenv("NO_COLOR");
    return value != nullptr && *value != '\0';
  }

  std::string name_;
  std::string_view build_;
  const Signals& signals_;
};

}  // namespace

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> kCommands = {
      &kPushCommand,    &kExportCommand,      &kImportCommand,  &kCopyCommand,       &kPullCommand,
      &kMergeCommand,   &kAddCommand,         &kRmCommand,      &kLsCommand,         &kCatCommand,
      &kExtractCommand, &kInspectCommand,     &kVerifyCommand,  &kDiffCommand,       &kInventoryCommand,
      &kCompactCommand, &kExpandCommand,      &kSplitCommand,   &kJoinCommand,       &kProtectCommand,
      &kRepairCommand,  &kDescribeCommand,    &kTagListCommand, &kTagResolveCommand, &kLoginCommand,
      &kLogoutCommand,  &kAuthExplainCommand, &kProbeCommand,   &kVersionCommand,    &kCompletionCommand};
  return kCommands;
}

std::vector<const Command*> commands_of(std::string_view program) {
  std::vector<const Command*> all = commands();
  if (program == kImgpkg) std::erase_if(all, [](const Command* one) { return !one->in_imgpkg; });
  return all;
}

int run_program(const std::string& path, const std::vector<std::string>& words, std::string_view build) {
  open_standard_descriptors();
  std::set_terminate(end_without_memory);
  const Signals signals;
  const bool is_imgpkg = std::filesystem::path(path).filename() == kImgpkg;
  return Run(is_imgpkg ? std::string(kImgpkg) : "ociferry", build, signals).run(words);
}

}  // namespace ociferry
