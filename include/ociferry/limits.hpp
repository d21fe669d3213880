#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound that untrusted input is held to, in one place. Sizes are bytes. Those that an honest image may pass can
/// be raised: see UnpackLimits. The others cannot, because what others accept (registries, libraries) ends there too,
/// or because they are far beyond what is in use.
namespace ociferry::limits {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;

/// Manifests and indexes: what registries accept (distribution: 4 MiB). A larger one could be put nowhere.
inline constexpr std::uint64_t kManifestBytes = 4 * kMiB;
/// Image configurations.
inline constexpr std::uint64_t kConfigBytes = 8 * kMiB;
/// ImagesLock, BundleLock and locations YAML.
inline constexpr std::uint64_t kYamlBytes = 16 * kMiB;
/// Values and keys of one YAML document.
inline constexpr std::size_t kYamlNodes = 1'000'000;
/// Commas and brackets on one line of YAML: a line in JSON form is taken apart as a whole.
inline constexpr std::size_t kYamlLineMarks = 250'000;
/// The one layer of a locations image, compressed.
inline constexpr std::uint64_t kLocationsLayerBytes = 16 * kMiB;
/// `index.json` and the seal of an archive.
inline constexpr std::uint64_t kLayoutFileBytes = 64 * kMiB;
/// Values of one JSON document. In memory each takes 40 bytes or more, in the text it may take two.
inline constexpr std::size_t kJsonValues = 2'500'000;
/// Nesting of JSON and YAML documents.
inline constexpr std::size_t kDocumentDepth = 64;
/// Nesting of indexes within indexes, and of bundles within bundles.
inline constexpr std::size_t kGraphDepth = 16;
/// Manifests and blobs of one transfer.
inline constexpr std::size_t kGraphNodes = 1'000'000;
/// Entries of a description, in which a bundle is spelled out wherever it occurs.
inline constexpr std::size_t kDescribedImages = 250'000;
/// Members of an image's layers, or of an archive. --max-members
inline constexpr std::size_t kTarMembers = 2'000'000;
/// A path inside a layer, and one component of it.
inline constexpr std::size_t kPathBytes = 4096;
inline constexpr std::size_t kPathComponentBytes = 255;
/// The names of all members of a layer together.
inline constexpr std::uint64_t kTarNamesBytes = 256 * kMiB;
/// The extended header (PAX) of one member.
inline constexpr std::uint64_t kPaxBytes = 64 * kKiB;
/// The memory that a zstd frame may ask for, as a power of two: libarchive has the same limit.
inline constexpr int kZstdWindowLog = 27;
/// Bytes that one image may unpack to (--max-unpacked-size), and how many times its compressed size, after the first
/// 64 MiB (--max-unpack-ratio).
inline constexpr std::uint64_t kUnpackedBytes = 1024 * 1024 * kMiB;
inline constexpr std::uint64_t kUnpackRatio = 1000;
inline constexpr std::uint64_t kUnpackRatioFrom = 64 * kMiB;
/// What is kept of a registry's error answer, and what is shown of it.
inline constexpr std::size_t kErrorBodyBytes = 64 * kKiB;
inline constexpr std::size_t kErrorTextShown = 500;
/// A token server's answer and a credential helper's output.
inline constexpr std::size_t kTokenBytes = 64 * kKiB;
/// A repository's list of tags: how many pages and tags it may have, and how long one page may be. Some registries
/// give all tags on one page, whatever they are asked for.
inline constexpr std::size_t kTagPages = 10'000;
inline constexpr std::size_t kTags = 1'000'000;
inline constexpr std::uint64_t kTagPageBytes = 64 * kMiB;
/// What is attached to the images of one transfer, and the pages of a registry's list of it.
inline constexpr std::size_t kReferrers = 100'000;
inline constexpr std::size_t kReferrerPages = 10'000;
/// How often a list of what is attached to an image is written again because others write it too.
inline constexpr int kReferrersTagWrites = 5;
/// URLs of one descriptor that are tried for a layer that its registry does not have.
inline constexpr std::size_t kForeignUrls = 16;
/// Redirects followed for one request.
inline constexpr int kRedirects = 10;
/// The longest pause a server may ask for with Retry-After.
inline constexpr std::chrono::seconds kRetryAfter{300};
/// A credential helper that has not answered by then is ended.
inline constexpr std::chrono::seconds kCredentialHelper{30};
/// How long what a helper or a file said is believed; clouds give passwords that last for an hour or so.
inline constexpr std::chrono::minutes kCredentialAge{10};
/// The smallest chunk of an upload that a registry may ask for (OCI-Chunk-Min-Length).
inline constexpr std::uint64_t kChunkMinLength = 512 * kMiB;
/// Blobs up to this size are read into memory rather than streamed.
inline constexpr std::uint64_t kSmallBlobBytes = 1 * kMiB;

}  // namespace ociferry::limits

namespace ociferry {

/// The bounds of unpacking. An image that somebody trusts may pass them: one with a disk full of zeros, or with a few
/// million files.
struct UnpackLimits {
  std::uint64_t bytes = limits::kUnpackedBytes;  ///< of all files of an image, and of each layer
  std::uint64_t ratio = limits::kUnpackRatio;    ///< of unpacked to packed bytes of a layer, beyond its first 64 MiB
  std::uint64_t members = limits::kTarMembers;   ///< of an image
};

}  // namespace ociferry
