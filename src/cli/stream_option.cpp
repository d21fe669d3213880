#include "cli/stream_option.hpp"

#include <algorithm>
#include <array>

#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr const char* kStream = "-";

bool is_declared(const Arguments& arguments, const std::string& name) {
  return std::ranges::any_of(arguments.declared(), [&](const DeclaredOption& one) { return one.long_name == name; });
}

}  // namespace

void declare_blocking_factor(Arguments& arguments) {
  arguments.optional_number("blocking-factor", 1, static_cast<int>(kMostBlockingFactor),
                            "With an archive to standard output: write N times 512 bytes at a time, as tapes demand");
}

std::optional<StreamOutput> stream_of(const Arguments& arguments, const std::string& archive) {
  const auto factor = arguments.optional_number_of("blocking-factor");
  if (archive == kStream) return StreamOutput{.blocking_factor = static_cast<std::size_t>(factor.value_or(0))};
  if (!factor) return std::nullopt;
  throw Error(ErrorCode::Usage, "--blocking-factor goes with an archive to standard output only")
      .hint("give - as the archive, and lead it to the tape: -o - --blocking-factor 20 > /dev/nst0");
}

bool fills_standard_output(const Arguments& arguments) {
  if (!is_declared(arguments, "blocking-factor")) return false;
  if (is_declared(arguments, "dry-run") && arguments.on("dry-run")) return false;
  return std::ranges::any_of(std::array{"output", "to-tar"}, [&](const char* name) {
    return is_declared(arguments, name) && arguments.optional_text(name) == kStream;
  });
}

void check_output_is_no_stream(const Arguments& arguments) {
  if (!is_declared(arguments, "output") || is_declared(arguments, "blocking-factor")) return;
  if (arguments.optional_text("output") != kStream) return;
  throw Error(ErrorCode::Usage, "the output cannot be -: this command writes by name, and nothing to standard output")
      .hint("give the name of a file or directory; ./- is one of that name");
}

std::string shown_archive(const std::string& archive) { return archive == kStream ? "standard output" : archive; }

}  // namespace ociferry
