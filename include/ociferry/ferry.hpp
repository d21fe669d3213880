#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ociferry/auth.hpp"
#include "ociferry/compact_storage.hpp"
#include "ociferry/delta.hpp"
#include "ociferry/descriptor.hpp"
#include "ociferry/export.hpp"
#include "ociferry/jobs.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/login.hpp"
#include "ociferry/medium.hpp"
#include "ociferry/names.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/reference.hpp"
#include "ociferry/registry_options.hpp"
#include "ociferry/selection.hpp"
#include "ociferry/volumes.hpp"

/// One function for each command. A failure leaves no half-written file under its final name. The tags of the roots are
/// put last, one by one: a failure before that changes none of them, and Progress::moved reports each tag that was
/// moved.
///
/// Errors: all functions throw Error; std::system_error and std::bad_alloc may pass through. After a failure, the same
/// call again resumes from what exists.
///
/// Threads: all functions block until done, and may be called by any number of threads at once, also with the same
/// Context. Two that write the same file or directory: one throws Error{Busy}. The library's own threads end before a
/// call returns.
///
/// The process: the library writes nothing to standard output or error, installs no signal handler, and changes neither
/// locale nor working directory. Once it has found credentials it switches core dumps off. `pull` sets and restores the
/// umask, for an instant. Credential helpers are child processes: SIGCHLD must not be ignored. Confining itself (the
/// sandbox) is left to the program.
namespace ociferry {

/// What all commands need. `progress` must outlive the call.
struct Context {
  RegistryOptions registry = {};
  Jobs jobs = {};            ///< blobs or manifests transferred in parallel
  UnpackLimits unpack = {};  ///< for the layers of bundles, and all layers that pull unpacks
  Progress* progress = &silent_progress();
  std::stop_token stop = {};  ///< when requested, Error{Interrupted} is thrown soon
  VolumeSearch volumes = {};  ///< of the archives that are read
};

/// A `-b`, `-i` or `--lock` argument, or one without an option before it.
struct SourceArgument {
  enum class Kind {
    Bundle,
    Image,
    Lock,
    Either,  ///< a bundle or an image: its manifest decides (`pull` takes it for a bundle)
  };
  Kind kind = Kind::Bundle;
  std::string value = {};  ///< a reference, or the path of a BundleLock or ImagesLock file
};

/// A tag of a registry that points to another digest than before; Progress::moved reports each.
struct MovedTag {
  Reference tag;  ///< by tag
  Digest from;
  Digest to;
};

/// `ociferry push`
struct PushOptions {
  Reference target;  ///< by tag; "latest" if it has none
  bool is_bundle = true;
  std::vector<std::filesystem::path> files = {};
  std::vector<std::string> exclusions = {".git"};
  bool preserve_permissions = false;
  std::map<std::string, std::string> labels = {};
  std::optional<std::filesystem::path> lock_output = {};
  bool keep_tags = false;  ///< throw Error{Refused}, before any write, if `target` points to another digest
};
struct PushReport {
  Reference pushed;  ///< by digest
  std::string tag = {};
  bool was_there = false;        ///< the tag pointed to it already; nothing was uploaded
  std::uint64_t layer_size = 0;  ///< in bytes
};
OCIFERRY_EXPORT PushReport push(const PushOptions& options, const Context& context);

/// An image of a transfer: its reference at the source and at the destination.
struct PlacedImage {
  Reference from = {};  ///< by digest, with its tag, if any: the requested one, or that of its archive
  Reference to = {};    ///< by digest, with its tag at the destination
};

/// A layer that was left out because it must not be redistributed.
struct SkippedLayer {
  Descriptor layer;
  Reference image;  ///< that has it, by digest, as its lock file or the user names it
};

/// An archive that a transfer read.
struct ReadArchive {
  std::filesystem::path path;
  std::string format = {};                 ///< as in InspectReport
  std::optional<Digest> fingerprint = {};  ///< as in InspectReport
  std::size_t images = 0;                  ///< in it; this and the next: as in TransferReport
  std::size_t bundles = 0;
  std::size_t referrers = 0;
};

/// An index whose place a smaller one has taken at the destination, with another digest.
struct StrippedIndex {
  Reference index;         ///< by its old digest, as its lock file or the user names it
  Digest now;              ///< its digest at the destination
  std::size_t left = 0;    ///< how many entries it has now
  std::size_t listed = 0;  ///< how many it had
};

/// The result of a transfer.
struct TransferReport {
  std::size_t images = 0;     ///< images, indexes and bundles, each digest once
  std::size_t bundles = 0;    ///< how many of them are bundles
  std::size_t referrers = 0;  ///< how many of them are only attached to others
  std::size_t blobs_written = 0;
  std::size_t blobs_mounted = 0;
  std::size_t blobs_existed = 0;
  std::uint64_t bytes_written = 0;         ///< of blobs
  std::uint64_t archive_bytes = 0;         ///< export: length of the archive
  std::optional<Digest> fingerprint = {};  ///< export: of the archive; see InspectReport
  std::size_t manifests_written = 0;       ///< import, copy: manifests put, locations images and root tags included
  std::size_t blobs_proved = 0;            ///< import, copy: blobs that were checked or read back in the end
  std::vector<PlacedImage> roots = {};     ///< import, copy: one for each tag of a root at the destination
  /// import, copy: one for each name of an image, index or bundle, roots first. What is only attached to others is left
  /// out: it has no name.
  std::vector<PlacedImage> names = {};
  std::vector<SkippedLayer> skipped = {};  ///< one for each image that has the layer
  std::vector<Reference> left_out = {};    ///< what the Selection left out of what was requested, by each of its names
  /// What indexes list and was not transferred, each digest once: the source lacks it, or it is for other platforms.
  std::size_t absent_children = 0;
  std::vector<ReadArchive> archives = {};    ///< import_archive, convert_archive: in the order of the options
  std::vector<StrippedIndex> stripped = {};  ///< import, copy: with RelocateOptions::strip_index
  std::optional<DeltaReport> delta = {};     ///< export: if the archive leaves out what its receivers have
  std::vector<WrittenVolume> volumes = {};   ///< export: if the archive is divided
  /// export: with ExportOptions::verify_medium
  std::optional<MediumReading> medium = {};
};

/// Which signatures, attestations, bills of materials and other artifacts are transferred with the images that they are
/// attached to.
enum class Referrers {
  None,
  CosignSignatures,  ///< the `sha256-<hex>.sig` tags of the images themselves, like imgpkg's --cosign-signatures
  /// All three tags of cosign and everything with a `subject`, for images, children of indexes, and artifacts that are
  /// themselves attached.
  All,
};

/// What is transferred in addition to the images.
struct GatherOptions {
  Referrers referrers = Referrers::None;
  bool nondistributable_layers = false;  ///< also layers that must not be redistributed
  Selection selection = {};
};

/// `ociferry export`, `ociferry copy --to-tar`
struct ExportOptions {
  std::vector<SourceArgument> sources = {};
  GatherOptions gather = {};
  std::filesystem::path archive = {};
  bool force = false;  ///< replace an existing file even if it is not an archive from `export`
  /// What the receiver has: archives of any format, seals taken out of archives (ociferry.json), have-lists. Their
  /// layers are left out of the archive.
  std::vector<std::filesystem::path> have = {};
  bool for_each_site = false;  ///< each of `have` is about another receiver: only what all of them have is left out
  VolumeRule volumes = {};
  /// Before the archive gets its name, read all of it back from its medium, and compare. Throws Error{Corrupt} or
  /// Error{Io} if the medium returns something else; then there is no archive, and the partial file is kept.
  bool verify_medium = false;
};
/// Resumes from what an interrupted run left beside `archive`, and reuses the blobs of an existing archive of that
/// name. A complete archive of the same content is checked and kept.
OCIFERRY_EXPORT TransferReport export_archive(const ExportOptions& options, const Context& context);

/// How the destination's content is proved before the roots' tags are put.
enum class Proof {
  /// Each manifest that was put is read back and compared. For blobs the registry's answers suffice: each either
  /// existed or was accepted by its digest.
  Manifests,
  Blobs,  ///< also read back every manifest and check that every blob exists, even below tags that are up to date
  Full,   ///< also read back and hash every blob
};

/// The options that import and copy share.
struct RelocateOptions {
  RepositoryName to = {};                        ///< takes all images, unless `by_name` is set
  std::optional<NamedDestination> by_name = {};  ///< each image goes to a repository of its own
  std::optional<std::filesystem::path> lock_output = {};
  /// A file that gets the old and the new name of each image: a JSON object (manual of `import`, "MAPPING OUTPUT").
  std::optional<std::filesystem::path> mapping_output = {};
  std::vector<AddedTag> added_tags = {};
  std::vector<EmittedFile> emitted = {};
  /// Put smaller indexes, with other digests, in the places of those that lack children; lock files, mappings and tags
  /// follow. What is attached to the old ones is left out. An index that a bundle lists stays as it is. Several
  /// destinations must agree on it.
  bool strip_index = false;
  bool root_tags = true;         ///< put the tags that the roots were exported with
  bool repository_tags = false;  ///< put the end of their repository's path into the tags of images
  bool keep_tags = false;        ///< throw Error{Refused}, before any write, if a tag would have to be moved
  bool recheck = false;          ///< check that every blob exists, even below tags that are up to date
  Proof proof = Proof::Manifests;
};

/// `ociferry import`, `ociferry copy --tar`
struct ImportOptions {
  /// One or more, of any format, which are transferred as if they were one: all are checked before the first write, and
  /// what several have is transferred once. One that is there twice is read once, with a warning. Error{Usage} is
  /// thrown if one name stands for different images in two.
  std::vector<std::filesystem::path> archives = {};
  RelocateOptions relocate = {};
  Selection selection = {};
  bool verify_first = false;  ///< hash all bytes before the first write
  /// Also layers that must not be redistributed: from the archive or, if it lacks them, from the registries that their
  /// images come from.
  bool nondistributable_layers = false;
  /// Archives of any format, of which only those blobs are taken that `archives` leave out and the destination lacks.
  std::vector<std::filesystem::path> bases = {};
};
/// Deltas: throws Error{Incomplete} before the first write if something that an archive leaves out is nowhere: neither
/// at the destination, nor in another repository of its registry that is known to have it, nor in `bases`.
OCIFERRY_EXPORT TransferReport import_archive(const ImportOptions& options, const Context& context);

/// `ociferry copy --tar --to-tar`: converts archives of any format to one like those of `export`
struct ConvertOptions {
  std::vector<std::filesystem::path> archives = {};  ///< as in ImportOptions
  std::filesystem::path output = {};
  Selection selection = {};
  /// Fail if the archive lacks layers that must not be redistributed. Those that it has are always transferred.
  bool nondistributable_layers = false;
  bool force = false;                             ///< see ExportOptions
  std::vector<std::filesystem::path> bases = {};  ///< as in ImportOptions
  VolumeRule volumes = {};                        ///< see ExportOptions
  bool verify_medium = false;                     ///< see ExportOptions
};
/// Deltas: throws Error{Incomplete} if something that an archive leaves out is neither in another one nor in `bases`.
OCIFERRY_EXPORT TransferReport convert_archive(const ConvertOptions& options, const Context& context);

/// `ociferry copy` from registry to registry
struct CopyOptions {
  SourceArgument source = {};
  GatherOptions gather = {};
  RelocateOptions relocate = {};
};
OCIFERRY_EXPORT TransferReport copy(const CopyOptions& options, const Context& context);

/// `ociferry pull`
struct PullOptions {
  SourceArgument source = {};
  std::filesystem::path output = {};
  bool recursive = false;
  bool image_is_bundle_check = true;
  bool force = false;  ///< also replace a directory that was not made by `pull`
};
struct PullReport {
  Reference pulled = {};               ///< by digest
  std::vector<Reference> nested = {};  ///< the nested bundles that were pulled, each digest once
  bool images_are_beside = false;  ///< bundles: the images are in its repository, and the lock file names them there
};
OCIFERRY_EXPORT PullReport pull(const PullOptions& options, const Context& context);

/// One image, index or bundle of an archive, as `inspect` shows it.
struct InspectedImage {
  Reference reference;  ///< as its lock file or the user names it
  Descriptor descriptor;
  std::vector<std::string> tags = {};  ///< in the repository of `reference`, sorted
  std::vector<Reference> also = {};    ///< its names in other repositories: by tag, or by digest if it has none there
  bool is_root = false;
  bool is_bundle = false;
  bool is_referrer = false;           ///< only attached to others
  std::vector<Digest> subjects = {};  ///< what it is attached to, by `subject` or by tag
  /// Of attached ones: "signature", "attestation", "sbom", else the artifact type, else empty.
  std::string attached_as = {};
  std::vector<Descriptor> layers = {};  ///< images: in the manifest's order
  std::vector<Digest> children = {};    ///< indexes: all manifests below it that are present
  std::vector<Descriptor> absent = {};  ///< indexes: listed by it or below it, but not present
  std::uint64_t total_bytes = 0;        ///< with all blobs; shared ones count for each image
  std::vector<std::string> platforms = {};
  std::vector<Digest> images = {};                          ///< bundles: the images of the lock file, in its order
  std::optional<Digest> locations = {};                     ///< bundles of sealed archives: their locations image
  std::map<std::string, std::string> locations_files = {};  ///< bundles: the files in that image
};
struct InspectReport {
  std::string archive;
  std::string format = {};  ///< "sealed archive", "imgpkg tar", ...: docs/archive-format.md
  bool is_sealed = false;
  /// Of sealed archives: the digest of the seal, which covers every byte of the file. Archives with the same
  /// fingerprint are identical.
  std::optional<Digest> fingerprint = {};
  std::uint64_t archive_bytes = 0;
  std::size_t blobs = 0;
  std::optional<DeltaReport> delta = {};       ///< if it leaves out what its receivers have
  std::optional<CompactStorage> compact = {};  ///< if it is a compact archive: the other sizes are of the plain one
  std::vector<InspectedImage> images = {};     ///< roots first, each digest once
};
/// `ociferry inspect`: reads and checks everything except the layers. Needs no network.
OCIFERRY_EXPORT InspectReport inspect(const std::filesystem::path& archive, const Context& context);

struct VerifyReport {
  std::string format = {};  ///< as in InspectReport
  bool is_sealed = false;   ///< false: only content with digests was checked, not headers and other members
  std::optional<Digest> fingerprint = {};  ///< as in InspectReport
  std::uint64_t archive_bytes = 0;
  std::size_t images = 0;
  std::size_t bundles = 0;
  std::size_t referrers = 0;
  std::size_t blobs = 0;
  std::optional<DeltaReport> delta = {};       ///< as in InspectReport
  std::optional<CompactStorage> compact = {};  ///< as in InspectReport
  std::optional<MediumReading> medium = {};    ///< with VerifyOptions::medium
};
/// The part of a fingerprint that people compare: 32 hexadecimal digits, in groups of four.
[[nodiscard]] OCIFERRY_EXPORT std::string spoken(const Digest& fingerprint);

struct VerifyOptions {
  std::filesystem::path archive = {};
  /// The expected fingerprint: in the form of `spoken`, or the whole digest, with or without its algorithm. Spaces,
  /// dashes and case are ignored. Empty: any.
  std::string fingerprint = {};
  /// Read from the medium itself: write back and forget what is cached, and ask the device. Where it returns something
  /// else, the messages say at which offset, and what that is like. Files and volumes only.
  bool medium = false;
  std::vector<std::filesystem::path> bases = {};  ///< what a compact archive builds on
};
/// `ociferry verify`: reads and checks every byte and the whole graph. Needs no network. Throws Error{Usage} if the
/// expected fingerprint is malformed; Error{Corrupt} if the archive has another one (before all of it is read), or with
/// a list of what is damaged; Error{Incomplete} with a list of what is missing, or if a fingerprint is expected of an
/// archive without a seal.
OCIFERRY_EXPORT VerifyReport verify(const VerifyOptions& options, const Context& context);

/// An image in the output of `describe`, by imgpkg's types.
struct DescribedImage {
  enum class Type {
    Image,      ///< an image or index that a lock file lists
    Bundle,     ///< the requested bundle, or one that a lock file lists
    Signature,  ///< the content of cosign's signature tag of an image
    Internal,   ///< a bundle's locations image
  };
  Type type = Type::Image;
  Reference image = {};   ///< where it is now, by digest
  Reference origin = {};  ///< as the lock file names it; the same as `image` if no lock file lists it
  /// In the manifest's order. Of an index: those of its linux/amd64 child, if present. Empty if not requested.
  std::vector<Digest> layers = {};
  std::map<std::string, std::string> annotations = {};  ///< from the lock file; signatures: their tag
  /// Bundles: the images of the lock file, in its order, each digest once; then the signatures of the bundle and of
  /// those images; then the locations image.
  std::vector<DescribedImage> images = {};
};
struct DescribeOptions {
  Reference bundle = {};
  bool layers = true;
  bool cosign_artifacts = true;  ///< look for signatures; those that cannot be read are left out
};
/// `ociferry describe`: a bundle with all its images and nested bundles. Fetches manifests, configurations, lock files
/// and locations, but no other layers. Throws Error{Usage} if it is no bundle.
OCIFERRY_EXPORT DescribedImage describe(const DescribeOptions& options, const Context& context);

struct TagListOptions {
  RepositoryName repository = {};
  bool digests = false;        ///< also resolve each tag
  bool internal_tags = false;  ///< also list the tags for internal use of imgpkg and ociferry (`*.imgpkg`)
};
struct ListedTag {
  std::string name;
  std::optional<Digest> digest = {};  ///< if requested and the tag still existed
};
/// `ociferry tag list`: sorted bytewise.
OCIFERRY_EXPORT std::vector<ListedTag> list_tags(const TagListOptions& options, const Context& context);

/// `ociferry tag resolve`: the same reference by digest. Throws Error{NotFound}.
OCIFERRY_EXPORT Reference resolve_tag(const Reference& reference, const Context& context);

/// `ociferry auth explain`: which credentials the other commands use for `name`, and why. Contacts no registry; reads
/// configuration files and may run credential helpers. If one of these is broken, the report says so. Throws
/// Error{Usage} for malformed IMGPKG_* variables.
OCIFERRY_EXPORT CredentialReport explain_credentials(const RepositoryName& name, const Context& context);

/// `ociferry login`: checks the user name and password in `context.registry` with the registry, then stores them in a
/// file, or with the credential helper that the file names. Throws Error{Unauthorized}, and stores nothing, if the
/// registry refuses them. May run credential helpers.
OCIFERRY_EXPORT LoginReport login(const LoginOptions& options, const Context& context);

/// `ociferry logout`: removes what `login` stored. Contacts no registry; may run credential helpers.
OCIFERRY_EXPORT LogoutReport logout(const LoginOptions& options, const Context& context);

/// The file that `login` and `logout` change, with links resolved. Throws Error{Usage} if its directory is not known.
OCIFERRY_EXPORT std::filesystem::path login_file_of(const LoginOptions& options);

}  // namespace ociferry
