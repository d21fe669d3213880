// Carries an image or a bundle across a gap, with credentials from a file of its own.
//
//   carry export IMAGE ARCHIVE          on this side
//   carry import ARCHIVE REPOSITORY     on the other one
//
// The file that CARRY_VAULT names has lines of the form "REGISTRY USER PASSWORD".

#include <ociferry/error.hpp>
#include <ociferry/ferry.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>

namespace {

/// The credential of the line with the registry's name; without such a line, the library searches where it always does.
std::optional<ociferry::Credential> ask_vault(const ociferry::RepositoryName& name) {
  const char* path = std::getenv("CARRY_VAULT");
  if (path == nullptr) return std::nullopt;
  std::ifstream vault(path);
  if (!vault) throw ociferry::Error(ociferry::ErrorCode::Io, std::string("cannot read the vault ") + path);
  std::string registry;
  ociferry::Credential found;
  while (vault >> registry >> found.username >> found.password) {
    if (registry == name.registry) return found;
  }
  return std::nullopt;
}

/// Prints a line for each tenth of a phase. The library calls it from several threads.
class Tenths : public ociferry::Progress {
 public:
  void phase(std::string_view name, std::uint64_t total_bytes) override {
    const std::lock_guard lock(mutex_);
    std::cerr << name << '\n';
    total_ = static_cast<std::int64_t>(total_bytes);
    done_ = shown_ = 0;
  }
  void advance(std::int64_t bytes) override {
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    if (total_ == 0 || done_ * 10 / total_ <= shown_) return;
    shown_ = done_ * 10 / total_;
    std::cerr << "  " << shown_ * 10 << " %\n";
  }
  void warn(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    std::cerr << "warning: " << line << '\n';
  }
  void moved(const ociferry::MovedTag& tag) override {
    const std::lock_guard lock(mutex_);
    std::cerr << to_string(tag.tag) << " was " << tag.from.text() << '\n';
  }

 private:
  std::mutex mutex_;
  std::int64_t total_ = 0;  ///< bytes
  std::int64_t done_ = 0;
  std::int64_t shown_ = 0;  ///< tenths
};

void export_image(const std::string& image, const std::string& archive, const ociferry::Context& context) {
  using Kind = ociferry::SourceArgument::Kind;
  const ociferry::TransferReport report = ociferry::export_archive({.sources = {{.kind = Kind::Image, .value = image}},
                                                                    .gather = {.referrers = ociferry::Referrers::All},
                                                                    .archive = archive},
                                                                   context);
  std::cout << report.images << " images, " << report.archive_bytes << " bytes in " << archive << '\n'
            << "fingerprint " << ociferry::spoken(report.fingerprint.value()) << '\n';
}

void import_image(const std::string& archive, const std::string& repository, const ociferry::Context& context) {
  const ociferry::TransferReport report = ociferry::import_archive(
      {.archives = {archive}, .relocate = {.to = ociferry::parse_repository(repository)}}, context);
  for (const ociferry::PlacedImage& root : report.roots) {
    std::cout << to_string(root.from) << " is " << to_string(root.to) << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc == 4 ? argv[1] : "";
  if (command != "export" && command != "import") {
    std::cerr << "usage: carry export IMAGE ARCHIVE | carry import ARCHIVE REPOSITORY\n";
    return exit_code(ociferry::ErrorCode::Usage);
  }
  try {
    Tenths progress;
    ociferry::Context context;
    context.registry.find_credential = ask_vault;
    context.progress = &progress;
    if (command == "export") export_image(argv[2], argv[3], context);
    if (command == "import") import_image(argv[2], argv[3], context);
    return 0;
  } catch (const ociferry::Error& error) {
    std::cerr << "carry: " << error.message() << '\n';
    if (!error.hint_text().empty()) std::cerr << "  hint: " << error.hint_text() << '\n';
    return exit_code(error.code());
  }
}
