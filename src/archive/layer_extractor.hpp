#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "archive/confined_directory.hpp"
#include "archive/layer_reader.hpp"
#include "archive/member_path.hpp"

namespace ociferry {

/// What an extraction wrote, and what it skipped as harmful or privileged.
struct ExtractReport {
  std::uint64_t files = 0;            ///< hard links included
  std::uint64_t bytes = 0;            ///< in files, holes included
  std::uint64_t skipped_links = 0;    ///< symbolic links that are absolute or lead out of the directory
  std::uint64_t skipped_special = 0;  ///< devices and fifos
  std::uint64_t behind_end = 0;       ///< bytes after the ends of the layers, which no reader uses
};

/// Unpacks the layers of one image into a directory, and never anywhere else (image-spec, layer.md).
///
/// Files keep their time; their mode is imgpkg's: the member's if it has any bit for group or others, else the owner's
/// bits for all; masked to 0777, then less the umask. Directories get theirs by the same rule, but their owner always
/// has all rights, so that they can be filled and removed. Owner, setuid and extended attributes are not taken over.
/// Holes of files stay holes. A hard link to a symbolic link becomes such a link; one to what was left out is left out
/// too. Metadata of the file system AUFS is skipped. Nothing is written through a symbolic link.
class LayerExtractor {
 public:
  /// `directory` must exist and be empty, so that all that is found in it was put there by this object: throws
  /// Error{Refused} otherwise.
  explicit LayerExtractor(const std::filesystem::path& directory,
                          ConfinedDirectory::Lookup lookup = ConfinedDirectory::Lookup::Kernel,
                          const UnpackLimits& limits = {});

  /// Applies one layer on top of those before it: call for the oldest first. Whiteouts hide what earlier layers left.
  /// `layer` is its raw bytes, read to their end; `name` is for messages. Throws Error as LayerReader does, Hostile for
  /// members that would break out or contradict one another, Space, Io, Interrupted; then the directory holds a part.
  void apply(ByteSource& layer, const std::string& name, const std::stop_token& stop = {});

  /// Puts one member there as if it came from a layer of its own without whiteouts; the content of a file is what
  /// `reader` has next, which is not used for others. For the oldest layer only: do not mix it with `apply`. Throws
  /// likewise.
  void put(LayerReader& reader, const LayerMember& member, const std::stop_token& stop = {});

  /// Syncs all that was written. Blocks on the disk.
  void sync() { root_.sync(); }
  [[nodiscard]] const ExtractReport& report() const noexcept { return report_; }

 private:
  void place(LayerReader& reader, const LayerMember& member, const std::stop_token& stop);
  void place_directory(const LayerMember& member);
  void place_file(LayerReader& reader, const LayerMember& member, const std::stop_token& stop);
  void place_symlink(const LayerMember& member);
  void place_hardlink(const LayerMember& member);
  void place_whiteout(const LayerMember& member, const Whiteout& whiteout);
  void make_symlink(const std::string& path, const std::string& target);
  void leave_out(const std::string& path, std::uint64_t& count);
  void copy_file(const std::string& from, const std::string& to);
  void write_content(LayerReader& reader, int fd, const LayerMember& member, const std::stop_token& stop);
  void make_directories(const std::string& path);
  void count_members(std::uint64_t more);
  void make_room(const std::string& path);
  void hide(const std::string& path);
  void hide_content(const std::string& directory);
  void note(const std::string& path);
  void check_names() const;
  [[nodiscard]] bool is_own(const std::string& path) const;

  ConfinedDirectory root_;
  UnpackLimits limits_;
  ExtractReport report_;
  std::vector<std::byte> buffer_;
  bool is_first_layer_ = true;
  /// The paths that the current layer made, and all directories above them. Empty during the first layer.
  std::unordered_set<std::string> own_;
  std::uint64_t own_bytes_ = 0;
  std::unordered_set<std::string> left_out_;  ///< links and special files, which hard links may lead to
  std::uint64_t left_out_bytes_ = 0;
  std::uint64_t members_ = 0;
};

}  // namespace ociferry
