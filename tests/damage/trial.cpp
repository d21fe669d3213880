#include "trial.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <regex>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

std::string whole_text(const Error& error) {
  return text::cat(error.message(), "\n", text::join(error.context(), "\n"), "\n", error.hint_text());
}

Context quick_context() {
  Context context;
  context.jobs = 2;
  context.registry.anonymous = true;
  context.registry.retry_count = 1;
  context.registry.retry_delay = std::chrono::milliseconds{1};
  return context;
}

/// "offset 1024", and what lies there by name. Of a file that is empty, or begins like a compressed one (as does an
/// archive whose first block changed places with one of a layer), there is nothing more to say.
bool names_place(const std::string& error) {
  static const std::regex whole("it is empty|is compressed with gzip");
  if (std::regex_search(error, whole)) return true;
  static const std::regex offset("offset [0-9]+");
  static const std::regex member(
      "oci-layout|index\\.json|manifest\\.json|ociferry\\.json|blobs/sha(256|512)/|the member at offset|the end of the "
      "tar");
  return std::regex_search(error, offset) && std::regex_search(error, member);
}

void patch(const std::filesystem::path& path, std::uint64_t at, char byte) {
  const UniqueFd fd = open_file(path, O_WRONLY);
  if (::pwrite(fd.get(), &byte, 1, static_cast<off_t>(at)) != 1) throw system_error("writing one byte", errno);
}

}  // namespace

Trial::Trial(const SealedSample& sample)
    : sample_(sample),
      directory_(temp_directory()),
      path_(directory_.path() / "carried.tar"),
      registry_(std::make_shared<FakeRegistry>()),
      server_([this](const HttpRequest& request) { return answer(request); }) {
  write_text(path_, sample.bytes);
}

HttpReply Trial::answer(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") ++writes_;
  if (request.method == "PUT" && request.path.find("/manifests/") != std::string::npos) ++manifests_;
  std::shared_ptr<FakeRegistry> registry;
  {
    const std::lock_guard lock(mutex_);
    registry = registry_;
  }
  return (*registry)(request);
}

/// What a registry has already, an import does not even read.
void Trial::new_registry() {
  const std::lock_guard lock(mutex_);
  registry_ = std::make_shared<FakeRegistry>();
  writes_ = 0;
  manifests_ = 0;
}

namespace {

template <typename Ending>
Ending ending_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {exit_code(error.code()), whole_text(error)};
  }
  return {};
}

}  // namespace

Trial::Ending Trial::verify_archive() const {
  return ending_of<Ending>([&] { static_cast<void>(verify({.archive = path_}, quick_context())); });
}

Trial::Ending Trial::import_it(bool verify_first) {
  ImportOptions options{.archives = {path_},
                        .relocate = {.to = parse_repository(text::cat(server_.host(), "/team/app"))}};
  options.verify_first = verify_first;
  return ending_of<Ending>([&] { static_cast<void>(import_archive(options, quick_context())); });
}

std::string Trial::judge_code(const Ending& ending, std::string_view command) const {
  constexpr std::array<ErrorCode, 3> kRefusals{ErrorCode::Corrupt, ErrorCode::Incomplete, ErrorCode::Hostile};
  const bool refused =
      std::ranges::any_of(kRefusals, [&](ErrorCode code) { return exit_code(code) == ending.exit_code; });
  if (!refused) return text::cat(command, " ended with ", ending.exit_code, ": ", ending.error);
  if (ending.error.find(path_.filename().string()) == std::string::npos) {
    return text::cat(command, " does not name the file: ", ending.error);
  }
  return "";
}

std::string Trial::judge_refusal(const Ending& ending, std::string_view command) const {
  if (std::string wrong = judge_code(ending, command); !wrong.empty()) return wrong;
  if (!names_place(ending.error)) return text::cat(command, " names no member and offset: ", ending.error);
  return "";
}

std::string Trial::judge_import(bool verify_first) {
  new_registry();
  const std::string_view command = verify_first ? "import --verify-first" : "import";
  const std::string wrong = judge_refusal(import_it(verify_first), command);
  if (!wrong.empty()) return wrong;
  if (verify_first && writes_ > 0) return text::cat(command, " sent ", writes_.load(), " requests that write");
  if (manifests_ > 0) return text::cat(command, " put ", manifests_.load(), " manifests");
  return "";
}

std::string Trial::judge(const std::string& bytes) {
  write_text(path_, bytes);
  const Ending verified = verify_archive();
  refusals_.add(text::cat("exit ", verified.exit_code), verified.exit_code == 0);
  if (std::string wrong = judge_refusal(verified, "verify"); !wrong.empty()) return wrong;
  if (std::string wrong = judge_import(true); !wrong.empty()) return wrong;
  return judge_import(false);
}

std::string Trial::judge_flip(std::uint64_t at, char mask) {
  patch(path_, at, static_cast<char>(sample_.bytes[at] ^ mask));
  const Ending verified = verify_archive();
  patch(path_, at, sample_.bytes[at]);
  refusals_.add(text::cat("exit ", verified.exit_code), verified.exit_code == 0);
  if (verified.error.find(sample_.region_at(at).member) != std::string::npos) ++exact_;
  return judge_refusal(verified, "verify");
}

std::string Trial::judge_cut(std::uint64_t size) {
  std::filesystem::resize_file(path_, size);
  const Ending verified = verify_archive();
  refusals_.add(text::cat("exit ", verified.exit_code), verified.exit_code == 0);
  return judge_refusal(verified, "verify");
}

std::string Trial::refusal(const std::string& bytes) {
  write_text(path_, bytes);
  return verify_archive().error;
}

std::string Trial::judge_forged(const std::string& bytes) {
  write_text(path_, bytes);
  if (std::string wrong = judge_code(verify_archive(), "verify"); !wrong.empty()) return wrong;
  new_registry();
  if (std::string wrong = judge_code(import_it(false), "import"); !wrong.empty()) return wrong;
  return writes_ == 0 ? "" : text::cat("import sent ", writes_.load(), " requests that write");
}

std::string Trial::judge_whole(const std::string& bytes) {
  write_text(path_, bytes);
  if (const Ending ending = verify_archive(); ending.exit_code != 0) return ending.error;
  new_registry();
  if (const Ending ending = import_it(false); ending.exit_code != 0) return ending.error;
  if (manifests_ == 0) return "import put no manifest";
  writes_ = 0;
  if (const Ending ending = import_it(true); ending.exit_code != 0) return ending.error;
  return writes_ == 0 ? "" : "the second import wrote";
}

}  // namespace ociferry::testing
