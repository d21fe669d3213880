#include "registry/kept_uploads.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

#include "base/sandbox.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/temporary.hpp"
#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// The fixed size of a record, so that one write replaces another completely, also if the process is killed.
constexpr std::size_t kNoteBytes = 8192;
constexpr std::size_t kNoteValues = 16;
constexpr unsigned kOwnerOnly = 0600;
constexpr unsigned kOwnersDirectory = 0700;

/// The content of a record.
Json note(const RepositoryName& name, const Digest& blob, std::string_view target) {
  return Json::Object{{"repository", to_string(name)}, {"blob", blob.text()}, {"session", target}};
}

/// The session in the record `file`; nullopt if it is not a record of the upload of `blob` to `name`.
std::optional<std::string> session_in(int file, const fs::path& path, const RepositoryName& name, const Digest& blob) {
  std::string text(kNoteBytes, '\0');
  text.resize(pread_full(file, std::as_writable_bytes(std::span(text)), 0, path.string()));
  if (text.empty()) return std::nullopt;
  try {
    const Json content = Json::parse(text, path.string(), kNoteValues);
    std::string target = content.string_at("session");
    if (target.starts_with('/') && content == note(name, blob, target)) return target;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Hostile) throw;
  }
  return std::nullopt;  // truncated or foreign: ignored
}

/// Creates `directory` and its parents, for this user only.
void make_directories(const fs::path& directory) {
  if (calls::mkdirat(AT_FDCWD, directory.c_str(), kOwnersDirectory) == 0 || errno == EEXIST) return;
  if (errno != ENOENT || !directory.has_relative_path()) {
    throw system_error(text::cat("making ", directory.string()), errno);
  }
  make_directories(directory.parent_path());
  if (calls::mkdirat(AT_FDCWD, directory.c_str(), kOwnersDirectory) == 0 || errno == EEXIST) return;
  throw system_error(text::cat("making ", directory.string()), errno);
}

bool is_too_old(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return true;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return now - status.st_mtime > std::chrono::seconds(KeptUploads::kLongest).count();
}

UniqueFd open_note(const fs::path& path, int flags) {
  return UniqueFd(calls::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | flags, kOwnerOnly));
}

}  // namespace

KeptUpload::KeptUpload(fs::path path, UniqueFd file, RepositoryName name, const Digest& blob, Progress& progress)
    : path_(std::move(path)),
      file_(std::move(file)),
      name_(std::move(name)),
      blob_(blob),
      progress_(progress),
      earlier_(session_in(file_.get(), path_, name_, blob_)),
      is_kept_(earlier_.has_value()) {}

void KeptUpload::keep(std::string_view target) {
  if (!file_) return;
  try {
    std::string text = note(name_, blob_, target).dump();
    if (text.size() >= kNoteBytes) return forget();
    text.resize(kNoteBytes - 1, ' ');
    text += '\n';
    pwrite_full(file_.get(), as_bytes(text), 0, path_.string());
    is_kept_ = true;
  } catch (const std::exception& error) {
    end("writing", error.what());
  }
}

void KeptUpload::forget() {
  is_kept_ = false;
  if (!file_) return;
  try {
    with_all_privileges([this] {
      if (calls::unlinkat(AT_FDCWD, path_.c_str(), 0) == 0) return;
      throw system_error(text::cat("removing ", path_.string()), errno);
    });
    file_ = UniqueFd();
  } catch (const std::exception& error) {
    end("removing", error.what());
  }
}

void KeptUpload::end(std::string_view what, const std::string& why) {
  is_kept_ = false;
  file_ = UniqueFd();
  progress_.debug(text::cat(what, " the note of an upload failed, so a later run may begin it again: ", why));
}

std::unique_ptr<KeptUpload> KeptUploads::open(const RepositoryName& name, const Digest& blob) const {
  if (directory_.empty()) return nullptr;
  try {
    std::unique_ptr<KeptUpload> note;
    // The directory is not an output of the command, so the sandbox does not allow it.
    with_all_privileges([&] { note = open_or_throw(name, blob); });
    return note;
  } catch (const std::exception& error) {
    progress_.debug(text::cat("if this run is killed, the next one begins ", blob.text(), " again: ", error.what()));
    return nullptr;
  }
}

std::unique_ptr<KeptUpload> KeptUploads::open_or_throw(const RepositoryName& name, const Digest& blob) const {
  make_directories(directory_);
  const fs::path path = directory_ / sha256(note(name, blob, "").dump()).hex();
  UniqueFd file = open_note(path, 0);
  if (!file && errno == ENOENT) {
    if (!make_room()) throw Error(ErrorCode::Io, text::cat("there are ", kMost, " notes in ", directory_.string()));
    file = open_note(path, O_CREAT);
  }
  if (!file) throw system_error(text::cat("opening ", path.string()), errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw system_error(text::cat("looking at ", path.string()), errno);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::Io, text::cat(path.string(), " is not a regular file"));
  // Another process is uploading the same blob to the same place: it will have its own session.
  if (!lock_file(file.get(), path.string()) || !is_named(file.get(), path)) return nullptr;
  return std::make_unique<KeptUpload>(path, std::move(file), name, blob, progress_);
}

/// Removes old records. False if the maximum number is reached.
bool KeptUploads::make_room() const {
  std::size_t count = 0;
  std::error_code failure;
  for (fs::directory_iterator it(directory_, failure), end; !failure && it != end; it.increment(failure)) {
    ++count;
    const UniqueFd file = open_note(it->path(), 0);
    if (!file || !is_too_old(file.get()) || !lock_file(file.get(), it->path().string())) continue;
    if (calls::unlinkat(AT_FDCWD, it->path().c_str(), 0) == 0) --count;
  }
  return count < kMost;
}

fs::path kept_uploads_directory(const Environment& environment) {
  fs::path state = lookup(environment, "XDG_STATE_HOME").value_or("");
  if (!state.is_absolute()) {
    const fs::path home = lookup(environment, "HOME").value_or("");
    if (!home.is_absolute()) return {};
    state = home / ".local" / "state";
  }
  return state / "ociferry" / "uploads";
}

}  // namespace ociferry
