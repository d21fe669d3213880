#include "archive/layer_extractor.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "archive/limits.hpp"
#include "archive/member_path.hpp"
#include "archive/unpack_limits.hpp"
#include "base/context.hpp"
#include "base/fd.hpp"
#include "base/stop.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

using PlacedKind = ConfinedDirectory::Kind;

constexpr std::size_t kBuffer = 256 * 1024;

Error refused(const std::string& path, std::string_view why) {
  return {ErrorCode::Hostile, text::cat("member '", path, "' ", why)};
}

unsigned member_mode(std::uint32_t mode) {
  const unsigned owner = (mode >> 6) & 7;
  const unsigned all = (mode & 0077) != 0 ? mode : owner << 6 | owner << 3 | owner;
  return all & 0777;
}

void set_time(int fd, std::int64_t seconds, const std::string& path) {
  const timespec time{.tv_sec = static_cast<time_t>(seconds), .tv_nsec = 0};
  const std::array<timespec, 2> times{time, time};
  if (calls::futimens(fd, times) != 0) throw system_error(text::cat("setting the time of '", path, "'"), errno);
}

}  // namespace

LayerExtractor::LayerExtractor(const std::filesystem::path& directory, ConfinedDirectory::Lookup lookup,
                               const UnpackLimits& limits)
    : root_(directory, lookup), limits_(limits), buffer_(kBuffer) {
  if (!root_.names("").empty()) {
    throw Error(ErrorCode::Refused, text::cat(directory.string(), " is not empty"));
  }
}

void LayerExtractor::apply(ByteSource& layer, const std::string& name, const std::stop_token& stop) {
  own_.clear();
  own_bytes_ = 0;
  const auto doing = [&] { return text::cat("unpacking ", name); };
  with_context(doing, [&] {
    LayerReader reader(layer, name, limits_);
    while (const auto member = reader.next()) {
      throw_if_stopped(stop);
      count_members(1);
      member->check();
      place(reader, *member, stop);
    }
    report_.behind_end += reader.bytes_behind_end();
  });
  is_first_layer_ = false;
}

void LayerExtractor::put(LayerReader& reader, const LayerMember& member, const std::stop_token& stop) {
  count_members(1);
  member.check();
  place(reader, member, stop);
}

void LayerExtractor::place(LayerReader& reader, const LayerMember& member, const std::stop_token& stop) {
  if (is_aufs_own(member.path)) return;
  if (const auto whiteout = parse_whiteout(member.path)) return place_whiteout(member, *whiteout);
  if (member.path == ".") {
    if (member.kind != LayerMember::Kind::Directory) throw refused(member.path, "is the root but not a directory");
    return;
  }
  switch (member.kind) {
    case LayerMember::Kind::File: return place_file(reader, member, stop);
    case LayerMember::Kind::Directory: return place_directory(member);
    case LayerMember::Kind::Symlink: return place_symlink(member);
    case LayerMember::Kind::Hardlink: return place_hardlink(member);
    case LayerMember::Kind::Other: make_room(member.path); leave_out(member.path, report_.skipped_special);
  }
}

void LayerExtractor::place_whiteout(const LayerMember& member, const Whiteout& whiteout) {
  // AUFS makes all whiteouts hard links to one file.
  const bool is_linked = member.kind == LayerMember::Kind::Hardlink && file_name(member.link).starts_with(".wh.");
  if (member.kind != LayerMember::Kind::File && !is_linked) throw refused(member.path, "is a whiteout but not a file");
  if (!whiteout.name) return hide_content(whiteout.directory);
  hide(join_path(whiteout.directory, *whiteout.name));
}

void LayerExtractor::place_directory(const LayerMember& member) {
  if (root_.kind(member.path) != PlacedKind::Directory) make_room(member.path);
  make_directories(member.path);
  root_.set_directory_mode(member.path, member_mode(member.mode) | S_IRWXU);
  note(member.path);
}

// Counts created directories, not members: one long path can create two thousand.
void LayerExtractor::make_directories(const std::string& path) { count_members(root_.make_directories(path)); }

void LayerExtractor::count_members(std::uint64_t more) {
  members_ += more;
  check_members(members_, limits_, "the image");
}

void LayerExtractor::place_file(LayerReader& reader, const LayerMember& member, const std::stop_token& stop) {
  make_room(member.path);
  UniqueFd fd = root_.create_file(member.path, member_mode(member.mode));
  note(member.path);
  write_content(reader, fd.get(), member, stop);
  set_time(fd.get(), member.mtime, member.path);
  fd.close(member.path);
  ++report_.files;
}

void LayerExtractor::write_content(LayerReader& reader, int fd, const LayerMember& member,
                                   const std::stop_token& stop) {
  check_unpacked_bytes(member.size, limits_, "the image");
  check_unpacked_bytes(report_.bytes + member.size, limits_, "the image");
  std::uint64_t size = 0;
  bool ends_with_hole = false;
  while (true) {
    throw_if_stopped(stop);
    const std::uint64_t hole = reader.skip_hole();
    const std::size_t got = reader.read_data(buffer_);
    if (hole == 0 && got == 0) break;
    pwrite_full(fd, Bytes(buffer_).first(got), size + hole, member.path);
    size += hole + got;
    ends_with_hole = got == 0;
  }
  if (ends_with_hole && calls::ftruncate(fd, static_cast<off_t>(size)) != 0) {
    throw system_error(text::cat("giving '", member.path, "' its size of ", size, " bytes"), errno);
  }
  report_.bytes += size;
}

void LayerExtractor::place_symlink(const LayerMember& member) {
  if (member.link.empty()) throw refused(member.path, "is a symbolic link without a target");
  make_room(member.path);
  make_symlink(member.path, member.link);
}

void LayerExtractor::make_symlink(const std::string& path, const std::string& target) {
  if (!link_stays_inside(path, target)) return leave_out(path, report_.skipped_links);
  root_.make_symlink(path, target);
  note(path);
}

void LayerExtractor::place_hardlink(const LayerMember& member) {
  const std::string& target = member.link;
  const PlacedKind found = is_aufs_own(target) || parse_whiteout(target) ? PlacedKind::Other : root_.kind(target);
  if (found == PlacedKind::Absent && left_out_.contains(target)) {
    make_room(member.path);
    return leave_out(member.path, report_.skipped_links);
  }
  if (found != PlacedKind::File && found != PlacedKind::Symlink) {
    throw refused(member.path, text::cat("is a hard link to '", target, "', which is not a file of the image"));
  }
  if (target == member.path || target.starts_with(member.path + "/")) {
    throw refused(member.path, "is a hard link to itself or to what it replaces");
  }
  make_room(member.path);
  // The same relative target may lead out of the directory from here.
  if (found == PlacedKind::Symlink) return make_symlink(member.path, root_.read_link(target));
  if (!root_.make_hardlink(member.path, target)) copy_file(target, member.path);
  note(member.path);
  ++report_.files;
}

// For file systems without hard links, such as on most USB sticks.
void LayerExtractor::copy_file(const std::string& from, const std::string& to) {
  const UniqueFd source = root_.open_file(from);
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) throw system_error(text::cat("looking at '", from, "'"), errno);
  UniqueFd copy = root_.create_file(to, status.st_mode & 0777);
  std::uint64_t offset = 0;
  while (const std::size_t got = pread_full(source.get(), buffer_, offset, from)) {
    write_full(copy.get(), Bytes(buffer_).first(got), to);
    offset += got;
  }
  set_time(copy.get(), status.st_mtime, to);
  copy.close(to);
}

/// Creates the directories above `path` and removes what exists at it.
void LayerExtractor::make_room(const std::string& path) {
  make_directories(parent_path(path));
  const PlacedKind found = root_.kind(path);
  if (found == PlacedKind::Absent) return;
  if (found == PlacedKind::Directory && is_own(path))
    throw refused(path, "is a directory and something else in one layer");
  root_.remove(path);
}

/// Applies a whiteout of `path`.
void LayerExtractor::hide(const std::string& path) {
  if (!is_own(path)) {
    root_.remove(path);
  } else {
    hide_content(path);
  }
}

/// Removes the content of earlier layers from `directory`. What this layer has created stays, in whichever order.
void LayerExtractor::hide_content(const std::string& directory) {
  if (is_first_layer_ || root_.kind(directory) != PlacedKind::Directory) return;
  for (const std::string& name : root_.names(directory)) hide(join_path(directory, name));
}

/// Records that the current layer created `path`.
void LayerExtractor::note(const std::string& path) {
  if (is_first_layer_) return;
  std::string own = path;
  while (!own.empty() && own_.insert(own).second) {
    own_bytes_ += own.size();
    own = parent_path(own);
  }
  check_names();
}

/// Counts a skipped member, and records it for hard links to it.
void LayerExtractor::leave_out(const std::string& path, std::uint64_t& count) {
  ++count;
  if (left_out_.insert(path).second) left_out_bytes_ += path.size();
  check_names();
}

void LayerExtractor::check_names() const {
  if (own_bytes_ + left_out_bytes_ <= limits::kTarNamesBytes) return;
  throw Error(ErrorCode::Hostile,
              text::cat("the names of its members take more than ", limits::kTarNamesBytes, " bytes"));
}

bool LayerExtractor::is_own(const std::string& path) const { return is_first_layer_ || own_.contains(path); }

}  // namespace ociferry
