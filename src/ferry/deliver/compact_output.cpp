#include "ferry/deliver/compact_output.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "archive/packing.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/deliver/archive_output.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// True if `medium` begins like an archive, compact or not.
bool is_archive(const Medium& medium) {
  std::array<std::byte, 6> head{};
  const std::size_t got = medium.read_at(0, head);
  return packing_of(as_text(Bytes(head).first(got))) == "zstd" || has_first_header(medium);
}

}  // namespace

void check_compact_output(const std::filesystem::path& output, bool force) {
  const std::filesystem::path file = behind_links(output);
  std::error_code ignored;
  if (file.empty() || file.filename().empty() || std::filesystem::is_directory(file, ignored)) {
    throw Error(ErrorCode::Usage, text::cat("'", file.string(), "' is not a file name for an archive"));
  }
  const std::filesystem::path parent = file.parent_path().empty() ? "." : file.parent_path();
  if (::access(parent.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that an archive can be written in ", parent.string()), errno)
        .hint("make that directory, or choose another output file; nothing was changed");
  }
  check_may_replace(file, force, is_archive, "an archive");
}

CompactOutput::CompactOutput(const std::filesystem::path& output)
    : file_(behind_links(output)), discarded_({behind_links(output)}) {
  file_.reserve(0, Existing::Discard);
}

void CompactOutput::write(Bytes bytes) {
  file_.write_at(written_, bytes);
  written_ += bytes.size();
}

std::unique_ptr<Medium> CompactOutput::sync() {
  file_.sync();
  return file_.reopen();
}

void CompactOutput::publish() {
  file_.publish();
  discarded_.release();
}

}  // namespace ociferry
