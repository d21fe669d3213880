#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layout/archive_item.hpp"
#include "layout/sealed/archive_member.hpp"
#include "oci/json.hpp"
#include "ociferry/delta.hpp"
#include "ociferry/descriptor.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// A blob that a delta leaves out: digest and size, without media type.
struct LeftOutBlob {
  Descriptor blob;
  std::vector<RepositoryName> in = {};  ///< where the receivers have it, as far as it is known; sorted
};

/// What the seal of a delta says of what is not in it.
struct SealedDelta {
  std::vector<LeftOutBlob> left_out;  ///< in the order of the full archive
  std::vector<BuiltOn> builds_on;     ///< sorted
  Digest full_fingerprint;            ///< of the archive that leaves out nothing
  std::uint64_t full_bytes = 0;       ///< its length
};

/// The content of a seal, not yet verified.
struct SealTable {
  std::vector<Digest> files = {};         ///< of the files before the seal
  std::vector<Descriptor> blobs = {};     ///< digest and size, without media type
  std::optional<SealedDelta> delta = {};  ///< of a delta
};

/// One form of the archive format: the files before the blobs, their content, and the seal's description of everything.
/// A reader compares an archive with its own form, never with the newest one. So a released form is never changed; a
/// new one is added, in a file of its own.
class SealCodec {
 public:
  /// `version`: the schemaVersion of its seals. `files`: the names of the files before the seal, in order.
  SealCodec(std::int64_t version, std::vector<std::string_view> files) : version_(version), files_(std::move(files)) {}
  SealCodec(const SealCodec&) = delete;
  SealCodec& operator=(const SealCodec&) = delete;
  virtual ~SealCodec() = default;

  [[nodiscard]] std::int64_t version() const noexcept { return version_; }
  [[nodiscard]] const std::vector<std::string_view>& files() const noexcept { return files_; }

  /// The files before the seal of an archive that holds `items`; `docker_manifest` is what `docker load` reads.
  [[nodiscard]] virtual std::vector<FrontFile> write_files(const std::vector<ArchiveItem>& items,
                                                           std::string docker_manifest) const = 0;
  /// The images that these files list. Throws Error{Hostile} if `write_files` did not write them.
  [[nodiscard]] virtual std::vector<ArchiveItem> read_files(std::span<const FrontFile> files) const = 0;

  /// The seal of an archive with these files before it. `members`: those files, the seal, and the blobs. `delta`: what
  /// is left out, for the codec of deltas; null for the others.
  [[nodiscard]] virtual std::string write(std::span<const FrontFile> files, const std::vector<ArchiveMember>& members,
                                          const SealedDelta* delta) const = 0;
  /// True if `seal`, which has this version, is of this form: a version may have several forms. Throws Error{Corrupt}.
  [[nodiscard]] virtual bool has_form(const Json& seal) const = 0;
  /// Reads such a seal. Throws Error{Corrupt}.
  [[nodiscard]] virtual SealTable read(const Json& seal) const = 0;

 private:
  std::int64_t version_;
  std::vector<std::string_view> files_;
};

/// The form that new archives are written in, unless they are deltas.
[[nodiscard]] const SealCodec& newest_seal();

/// A seal and its form.
struct ReadSeal {
  const SealCodec& codec;
  SealTable table;
};

/// Throws Error{Hostile} if a newer ociferry wrote `seal`, Error{Corrupt} if it has no known form.
[[nodiscard]] ReadSeal read_seal(std::string_view seal);

/// Throws Error{Corrupt} about the seal; for codecs.
[[noreturn]] void refuse_seal(std::string_view why);

/// The forms, named by their first release.
[[nodiscard]] const SealCodec& seal_of_0_1_0();
[[nodiscard]] const SealCodec& seal_of_0_2_0();
/// The form of deltas, whose version is higher, so that no release takes one for a damaged archive.
[[nodiscard]] const SealCodec& seal_of_deltas();

}  // namespace ociferry
