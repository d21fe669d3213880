#include "pull_trial.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSecret = "nobody's business";
constexpr const char* kOld = "file what was here before";

bool says_bad_input(const Error& error) {
  return error.code() == ErrorCode::Hostile || error.code() == ErrorCode::Corrupt;
}

/// Raises `growth` to the MiB by which the peak of this process's memory rises above what it has now.
class PeakMemory {
 public:
  explicit PeakMemory(std::uint64_t& growth) : growth_(growth), before_(status("VmRSS:")) {
    std::ofstream("/proc/self/clear_refs") << "5";  // sets the peak back to what there is
  }
  PeakMemory(const PeakMemory&) = delete;
  PeakMemory& operator=(const PeakMemory&) = delete;
  ~PeakMemory() { growth_ = std::max(growth_, std::max(status("VmHWM:"), before_) - before_); }

 private:
  static std::uint64_t status(const std::string& field) {
    std::ifstream file("/proc/self/status");
    std::uint64_t kib = 0;
    for (std::string name; file >> name;) {
      if (name == field && file >> kib) break;
    }
    return kib / 1024;
  }
  std::uint64_t& growth_;
  std::uint64_t before_;
};

/// What is at `path`, as TreeModel writes it.
std::string shown(const fs::path& path) {
  const fs::file_status status = fs::symlink_status(path);
  if (status.type() == fs::file_type::directory) return "directory";
  if (status.type() == fs::file_type::symlink) return "link " + fs::read_symlink(path).string();
  if (status.type() != fs::file_type::regular) return "something special";
  if ((status.permissions() & ~fs::perms(0777)) != fs::perms::none) return "file with special rights";
  return "file " + read_text(path);
}

std::map<std::string, std::string> tree_in(const fs::path& root) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    tree.emplace(entry.path().string().substr(root.string().size() + 1), shown(entry.path()));
  }
  return tree;
}

/// A link whose target lies elsewhere, whatever other links it goes over.
std::string find_escape(const fs::path& root) {
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_symlink()) continue;
    std::error_code circle;
    const fs::path target = fs::weakly_canonical(entry.path().parent_path() / fs::read_symlink(entry.path()), circle);
    if (!circle && target != root && !target.string().starts_with(root.string() + "/")) return entry.path().string();
  }
  return "";
}

}  // namespace

PullTrial::PullTrial() : directory_(temp_directory()), server_(registry_.handler()) {
  write_text(directory_.path() / "outside/secret", kSecret);
}

std::string PullTrial::add(const HostileImage& image) {
  const std::string repository = text::cat("hostile/image-", ++pulls_);
  const Image made = make_image({.layers = image.layers});
  for (const auto& [digest, bytes] : made.blobs) static_cast<void>(registry_.add_blob(repository, bytes));
  const RawManifest& manifest = made.manifests.back();
  const Digest digest = registry_.add_manifest(repository, manifest.bytes, manifest.descriptor.media_type);
  return text::cat(server_.host(), "/", repository, "@", digest.text());
}

/// "" if it was pulled, else the error.
std::string PullTrial::pull_it(const HostileImage& image) {
  Context context;
  context.registry.anonymous = true;
  context.registry.retry_count = 1;
  context.registry.retry_delay = std::chrono::milliseconds{1};
  context.unpack = image.limits;
  const PullOptions options{.source = {SourceArgument::Kind::Image, add(image)}, .output = output(), .force = true};
  const PeakMemory memory(growth_);
  try {
    pull(options, context);
  } catch (const Error& error) {
    if (says_bad_input(error)) return text::cat("refused: ", error.what());
    return text::cat("failed with ", exit_code(error.code()), ": ", error.what());
  }
  return "";
}

std::string PullTrial::judge_outside() const {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory_.path())) names.insert(entry.path().filename().string());
  if (names != std::set<std::string>{"outside", "output"}) return "something was made or left beside the output";
  if (tree_in(outside()) != std::map<std::string, std::string>{{"secret", text::cat("file ", kSecret)}}) {
    return "something outside has changed";
  }
  return fs::hard_link_count(outside() + "/secret") == 1 ? "" : "something outside got a further name";
}

std::string PullTrial::judge_output(const std::map<std::string, std::string>& expected) const {
  const auto actual = tree_in(output());
  if (actual != expected) {
    for (const auto& [path, what] : expected) {
      const auto found = actual.find(path);
      if (found == actual.end() || found->second != what) return text::cat("'", path, "' is not '", what, "'");
    }
    return "there is more in it than there must be";
  }
  const std::string escape = find_escape(fs::canonical(output()));
  return escape.empty() ? "" : text::cat("the link ", escape, " leads out");
}

std::string PullTrial::judge(const HostileImage& image) {
  fs::remove_all(output());
  write_text(output() / "old", std::string_view(kOld).substr(5));
  const std::string failure = pull_it(image);
  if (std::string wrong = judge_outside(); !wrong.empty()) return wrong;
  if (!failure.empty() && !failure.starts_with("refused")) return failure;
  if (failure.empty() != image.tree.has_value()) return failure.empty() ? "it was not refused" : failure;
  return judge_output(image.tree ? *image.tree : std::map<std::string, std::string>{{"old", kOld}});
}

}  // namespace ociferry::testing
