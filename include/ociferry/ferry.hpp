#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ociferry/auth.hpp"
#include "ociferry/descriptor.hpp"
#include "ociferry/jobs.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/login.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/reference.hpp"
#include "ociferry/registry_options.hpp"

/// The use cases: one function a command. All of them block until they are done, throw Error, and leave everything
/// as it was if they fail: no half-written file under a final name, no tag moved.
namespace ociferry {

/// What every use case needs. `progress` must outlive the call.
struct Context {
  RegistryOptions registry = {};
  Jobs jobs = {};            ///< blobs, or manifests, moved at the same time
  UnpackLimits unpack = {};  ///< of layers that are looked into: those of bundles, and all that pull writes
  Progress* progress = &silent_progress();
  std::stop_token stop = {};  ///< requested: Error{Interrupted} is thrown soon
};

/// A `-b`, `-i` or `--lock` argument.
struct SourceArgument {
  enum class Kind { Bundle, Image, Lock };
  Kind kind = Kind::Bundle;
  std::string value = {};  ///< a reference, or the path of a BundleLock or ImagesLock file
};

/// A tag of a registry that points to something else than before; `Progress::moved` tells of each.
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
  bool keep_tags = false;  ///< throw Error{Refused}, before anything is written, if `target` points to something else
};
struct PushReport {
  Reference pushed;  ///< by digest
  std::string tag = {};
  bool was_there = false;        ///< the tag pointed to it already: no blob was sent
  std::uint64_t layer_size = 0;  ///< in bytes
};
PushReport push(const PushOptions& options, const Context& context);

/// A root of a transfer: where it was, and where it is now.
struct PlacedRoot {
  Reference from = {};  ///< by digest, with the tag that it was requested by, if any
  Reference to = {};    ///< by digest, with the tag that it has at the destination
};

/// A layer that was not moved, because its author does not allow to redistribute it.
struct SkippedLayer {
  Descriptor layer;
  Reference image;  ///< that needs it, by digest, as its lock file or the user names it
};

/// What a transfer moved.
struct TransferReport {
  std::size_t images = 0;     ///< images, indexes and bundles, each digest once
  std::size_t bundles = 0;    ///< how many of them are bundles
  std::size_t referrers = 0;  ///< how many of them are there because they are attached to others
  std::size_t blobs_written = 0;
  std::size_t blobs_mounted = 0;
  std::size_t blobs_existed = 0;
  std::uint64_t bytes_written = 0;         ///< of blobs
  std::uint64_t archive_bytes = 0;         ///< export: length of the archive
  std::optional<Digest> fingerprint = {};  ///< export: of the archive; see InspectReport
  std::size_t manifests_written = 0;       ///< import, copy: manifests put, locations images and root tags included
  std::size_t blobs_proved = 0;            ///< import, copy: blobs asked for, or read back, when all was written
  std::vector<PlacedRoot> roots = {};      ///< import, copy: one for each tag that a root has at the destination
  std::vector<SkippedLayer> skipped = {};  ///< once for each image that has the layer
};

/// What is taken along of that which is attached to images: signatures, attestations, bills of materials and the like.
enum class Referrers {
  None,
  CosignSignatures,  ///< the `sha256-<hex>.sig` tags of the images themselves, as imgpkg's --cosign-signatures does
  /// All three tags of cosign and whatever has a `subject`, of images, of the children of indexes, and of what is
  /// itself attached.
  All,
};

/// What is taken along from the registries that images are read from.
struct GatherOptions {
  Referrers referrers = Referrers::None;
  bool nondistributable_layers = false;  ///< also layers that their author forbids to redistribute
};

/// `ociferry export`, `ociferry copy --to-tar`
struct ExportOptions {
  std::vector<SourceArgument> sources = {};
  GatherOptions gather = {};
  std::filesystem::path archive = {};
  bool force = false;  ///< replace a file of that name even if it is no archive that `export` wrote
};
/// What an earlier run left beside `archive`, or an archive of that name holds already, is not fetched again; a
/// finished archive of the same content is checked and kept.
TransferReport export_archive(const ExportOptions& options, const Context& context);

/// How it is proved, before the roots' tags are put, that the destination has what it was given.
enum class Proof {
  /// Each manifest that was put is read back and compared. Of blobs the registry's word is taken: each was either asked
  /// for or accepted by its digest.
  Manifests,
  Blobs,  ///< also: every manifest is read back, every blob asked for, even those below tags that are right
  Full,   ///< also: every blob is read back and hashed
};

/// What import and copy have in common.
struct RelocateOptions {
  RepositoryName to = {};
  std::optional<std::filesystem::path> lock_output = {};
  bool root_tags = true;         ///< put the tags that the roots were exported with
  bool repository_tags = false;  ///< keep images under `repository_tag` rather than `image_tag`
  bool keep_tags = false;        ///< throw Error{Refused}, before anything is written, if a tag would have to be moved
  bool recheck = false;          ///< ask for every blob, even below tags that are right
  Proof proof = Proof::Manifests;
};

/// `ociferry import`, `ociferry copy --tar`
struct ImportOptions {
  std::filesystem::path archive = {};
  RelocateOptions relocate = {};
  bool verify_first = false;  ///< hash every byte before the first write
  /// Also layers that may not be redistributed: from the archive or, if it lacks them, from where their images come
  /// from.
  bool nondistributable_layers = false;
};
TransferReport import_archive(const ImportOptions& options, const Context& context);

/// `ociferry copy --tar --to-tar`: the images of an archive of any kind, in an archive as `export` writes it
struct ConvertOptions {
  std::filesystem::path archive = {};
  std::filesystem::path output = {};
  /// Fail unless the archive holds the layers that may not be redistributed; what it holds is always moved.
  bool nondistributable_layers = false;
  bool force = false;  ///< as ExportOptions
};
TransferReport convert_archive(const ConvertOptions& options, const Context& context);

/// `ociferry copy` from registry to registry
struct CopyOptions {
  SourceArgument source = {};
  GatherOptions gather = {};
  RelocateOptions relocate = {};
};
TransferReport copy(const CopyOptions& options, const Context& context);

/// `ociferry pull`
struct PullOptions {
  SourceArgument source = {};
  std::filesystem::path output = {};
  bool recursive = false;
  bool image_is_bundle_check = true;
  bool force = false;  ///< replace a directory that no pull made, too
};
struct PullReport {
  Reference pulled = {};               ///< by digest
  std::vector<Reference> nested = {};  ///< the bundles below it that were pulled, each digest once
  bool images_are_beside = false;      ///< bundles: its images are in its repository, as the lock file now says
};
PullReport pull(const PullOptions& options, const Context& context);

/// One image, index or bundle of an archive, as `inspect` shows it.
struct InspectedImage {
  Reference reference;  ///< the name its lock file, or the user, gives it
  Descriptor descriptor;
  std::vector<std::string> tags = {};  ///< sorted
  bool is_root = false;
  bool is_bundle = false;
  bool is_referrer = false;           ///< there because it is attached to others
  std::vector<Digest> subjects = {};  ///< what it is attached to, if anything: by `subject` or by tag
  /// What it is, if it is attached to anything: "signature", "attestation", "sbom", else its artifact type, else empty.
  std::string attached_as = {};
  std::vector<Digest> children = {};    ///< indexes: all manifests below it that are there
  std::vector<Descriptor> absent = {};  ///< indexes: what it, or one below it, lists and what is not there
  std::uint64_t total_bytes = 0;        ///< with all it needs; shared blobs count for each image
  std::vector<std::string> platforms = {};
  std::vector<Digest> images = {};                          ///< bundles: what the lock file lists, in its order
  std::optional<Digest> locations = {};                     ///< bundles of sealed archives: their locations image
  std::map<std::string, std::string> locations_files = {};  ///< bundles: the files in that image
};
struct InspectReport {
  std::string archive;
  std::string format = {};  ///< "sealed archive", "imgpkg tar", ...: docs/archive-format.md
  bool is_sealed = false;
  /// Of sealed archives: the digest of the seal, which covers every byte of the file. Two archives with the same
  /// fingerprint are equal.
  std::optional<Digest> fingerprint = {};
  std::uint64_t archive_bytes = 0;
  std::size_t blobs = 0;
  std::vector<InspectedImage> images = {};  ///< roots first, each digest once
};
/// `ociferry inspect`: reads and checks everything but the layers. Needs no network.
InspectReport inspect(const std::filesystem::path& archive, const Context& context);

struct VerifyReport {
  std::string format = {};  ///< as in InspectReport
  bool is_sealed = false;   ///< false: only what digests cover was checked, not headers and other members
  std::optional<Digest> fingerprint = {};  ///< as in InspectReport
  std::uint64_t archive_bytes = 0;
  std::size_t images = 0;
  std::size_t bundles = 0;
  std::size_t referrers = 0;
  std::size_t blobs = 0;
};
/// The part of a fingerprint that is read out and compared: 32 hexadecimal digits, in groups of four.
[[nodiscard]] std::string spoken(const Digest& fingerprint);

struct VerifyOptions {
  std::filesystem::path archive = {};
  /// What the fingerprint must be: as `spoken` gives it, or the whole digest, with or without its algorithm. Spaces,
  /// dashes and the case of letters do not count. Empty: any.
  std::string fingerprint = {};
};
/// `ociferry verify`: reads and checks every byte and the whole graph. Needs no network. Throws Error{Usage} if the
/// demanded fingerprint has no such form; Error{Corrupt} if the archive has another one, before it is read as a whole,
/// or listing all that is damaged; Error{Incomplete} listing all that is missing, or for an archive without a seal and
/// so without a fingerprint.
VerifyReport verify(const VerifyOptions& options, const Context& context);

/// An image of a description, by imgpkg's types.
struct DescribedImage {
  enum class Type {
    Image,      ///< an image or index that a lock file lists
    Bundle,     ///< the bundle asked for, or one that a lock file lists
    Signature,  ///< what cosign keeps under the signature tag of an image
    Internal,   ///< a bundle's locations image
  };
  Type type = Type::Image;
  Reference image = {};   ///< where it is now, by digest
  Reference origin = {};  ///< as the lock file names it; of what no lock file lists, the same as `image`
  /// In the manifest's order. Of an index: those of its linux/amd64 child; none if it has no such child, or does not
  /// hold it. Empty if they were not asked for.
  std::vector<Digest> layers = {};
  std::map<std::string, std::string> annotations = {};  ///< of the lock file; signatures: their tag
  /// Bundles: what the lock file lists, in its order, each digest once; then the signatures of the bundle itself and
  /// of those images; then the locations image.
  std::vector<DescribedImage> images = {};
};
struct DescribeOptions {
  Reference bundle = {};
  bool layers = true;
  bool cosign_artifacts = true;  ///< look for signatures; those that may not be read are not there
};
/// `ociferry describe`: a bundle and all below it, nested bundles to any depth. Manifests, configurations, lock files
/// and locations are fetched, layers of images are not. Throws Error{Usage} if it is no bundle.
DescribedImage describe(const DescribeOptions& options, const Context& context);

struct TagListOptions {
  RepositoryName repository = {};
  bool digests = false;        ///< also ask what each tag points to
  bool internal_tags = false;  ///< also list the tags that imgpkg and ociferry put for themselves (`*.imgpkg`)
};
struct ListedTag {
  std::string name;
  std::optional<Digest> digest = {};  ///< if asked for, and the tag was still there then
};
/// `ociferry tag list`: sorted bytewise.
std::vector<ListedTag> list_tags(const TagListOptions& options, const Context& context);

/// `ociferry tag resolve`: the reference by the digest that its tag has now. Throws Error{NotFound}.
Reference resolve_tag(const Reference& reference, const Context& context);

/// `ociferry auth explain`: which credentials the other commands use for `name`, and why. Talks to no registry; reads
/// configuration files and may run credential helpers. A broken one is the report's failure. Throws Error{Usage} for
/// malformed IMGPKG_* variables.
CredentialReport explain_credentials(const RepositoryName& name, const Context& context);

/// `ociferry login`: proves the user name and password in `context.registry` at the registry, then writes them to a
/// file, or gives them to the credential helper that the file names. Throws Error{Unauthorized} if they are refused;
/// then nothing is written. May run credential helpers.
LoginReport login(const LoginOptions& options, const Context& context);

/// `ociferry logout`: removes what `login` has written. Talks to no registry; may run credential helpers.
LogoutReport logout(const LoginOptions& options, const Context& context);

/// The file that `login` and `logout` change, with links followed. Throws Error{Usage} if there is no place for one.
std::filesystem::path login_file_of(const LoginOptions& options);

}  // namespace ociferry
