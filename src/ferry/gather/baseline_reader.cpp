#include "ferry/gather/baseline_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "ferry/gather/have_list.hpp"
#include "ferry/gather/load_archive.hpp"
#include "layout/limits.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// What one file says.
struct Known {
  HeldBlobs blobs;
  BuiltOn by;
};

/// The text of `path` if it is JSON: its first byte tells.
std::optional<std::string> json_text(const fs::path& path) {
  const auto medium = open_medium(path);
  if (!medium) return std::nullopt;
  std::array<std::byte, 1> first{};
  if (medium->read_at(0, first) == 0 || first[0] != std::byte{'{'}) return std::nullopt;
  if (medium->size() > limits::kLayoutFileBytes) {
    throw Error(ErrorCode::Hostile, text::cat(path.string(), " is larger than ", limits::kLayoutFileBytes, " bytes"));
  }
  std::string text(medium->size(), '\0');
  text.resize(medium->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

/// Whoever has what an archive describes has also what it leaves out.
HeldBlobs described_by(const std::vector<Descriptor>& blobs, const SealedDelta* delta) {
  HeldBlobs held;
  for (const Descriptor& blob : blobs) held.emplace(blob.digest, HeldBlob{.size = blob.size});
  if (delta == nullptr) return held;
  for (const LeftOutBlob& one : delta->left_out) {
    held.emplace(one.blob.digest, HeldBlob{.size = one.blob.size, .in = {one.in.begin(), one.in.end()}});
  }
  return held;
}

Known read_seal_file(const std::string& text, const fs::path& path) {
  try {
    const SealTable table = read_seal(text).table;
    return {.blobs = described_by(table.blobs, table.delta ? &*table.delta : nullptr),
            .by = {.kind = BuiltOn::Kind::Archive, .digest = sha256(text)}};
  } catch (Error& error) {
    error.while_doing(text::cat("reading ", path.string(), ", which is neither a have-list nor an archive"));
    error.hint("give a have-list of `ociferry inventory`, an archive, or the ociferry.json of one");
    throw;
  }
}

Known read_have_list(const std::string& text, const fs::path& path) {
  HaveList list = parse_have_list(text, path.string());
  return {.blobs = std::move(list.blobs),
          .by = {.kind = BuiltOn::Kind::HaveList,
                 .digest = sha256(text),
                 .repositories = {list.repositories.begin(), list.repositories.end()}}};
}

Known read_archive(const fs::path& path, const Context& context) {
  const auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
  if (const ArchiveReader* sealed = archive->sealed()) {
    return {.blobs = described_by(sealed->blobs(), sealed->delta()),
            .by = {.kind = BuiltOn::Kind::Archive, .digest = sealed->fingerprint()}};
  }
  // Without a seal it has no fingerprint: the list of what it holds stands for it.
  const ImageSet set = load_archive(archive, context);
  HaveList list;
  for (const auto& [digest, blob] : set.graph().blobs()) {
    list.blobs.emplace(digest, HeldBlob{.size = blob.descriptor.size});
  }
  const Digest digest = sha256(write_have_list(list));
  return {.blobs = std::move(list.blobs), .by = {.kind = BuiltOn::Kind::HaveList, .digest = digest}};
}

Known read_known(const fs::path& path, const Context& context) {
  const auto text = json_text(path);
  if (!text) return read_archive(path, context);
  return is_have_list(*text) ? read_have_list(*text, path) : read_seal_file(*text, path);
}

void add_places(HeldBlob& blob, const HeldBlob& more) { blob.in.insert(more.in.begin(), more.in.end()); }

void unite(HeldBlobs& all, const HeldBlobs& more) {
  for (const auto& [digest, blob] : more) {
    const auto [known, is_new] = all.emplace(digest, blob);
    if (!is_new) add_places(known->second, blob);
  }
}

void intersect(HeldBlobs& all, const HeldBlobs& more) {
  std::erase_if(all, [&](const auto& one) {
    const auto other = more.find(one.first);
    return other == more.end() || other->second.size != one.second.size;
  });
  for (auto& [digest, blob] : all) add_places(blob, more.at(digest));
}

}  // namespace

Baseline read_baseline(const std::vector<fs::path>& have, bool for_each_site, const Context& context) {
  Baseline baseline;
  bool is_first = true;
  for (const fs::path& path : have) {
    const Known known = read_known(path, context);
    if (is_first || !for_each_site) {
      unite(baseline.blobs, known.blobs);
    } else {
      intersect(baseline.blobs, known.blobs);
    }
    is_first = false;
    baseline.builds_on.push_back(known.by);
  }
  std::ranges::sort(baseline.builds_on);
  baseline.builds_on.erase(std::unique(baseline.builds_on.begin(), baseline.builds_on.end()), baseline.builds_on.end());
  return baseline;
}

}  // namespace ociferry
