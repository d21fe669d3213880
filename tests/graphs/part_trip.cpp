#include "part_trip.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "ferry/deliver/relocate.hpp"
#include "ferry/gather/discover.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/stripped_indexes.hpp"
#include "ferry/write/write_archive.hpp"
#include "oci/platform.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "random_world.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"
#include "trip_checks.hpp"

namespace ociferry::testing {

namespace {

namespace fs = std::filesystem;

/// Names of roots, with a tag or without, as patterns.
std::vector<std::string> some_names(const RandomWorld& world, Dice& dice) {
  std::vector<std::string> names;
  for (std::uint64_t i = 1 + dice.below(2); i > 0; --i) {
    const Root& root = dice.pick(world.roots());
    const std::string repository = to_string(root.reference.name);
    names.push_back(root.tag && dice.one_in(2) ? text::cat(repository, ":", *root.tag) : repository);
  }
  return names;
}

Selection any_selection(const RandomWorld& world, Dice& dice) {
  Selection selection;
  if (dice.one_in(3)) {
    selection.exclude = some_names(world, dice);
  } else if (dice.one_in(2)) {
    selection.include = some_names(world, dice);
  }
  if (!selection.selects_images() || dice.one_in(2)) {
    selection.platforms.push_back(parse_platform(dice.one_in(2) ? "linux/amd64" : "linux/arm64"));
    if (dice.one_in(4)) selection.platforms.push_back(parse_platform("linux/s390x"));
  }
  return selection;
}

/// The part of the archive `whole`, or none where the selection leaves nothing of it.
std::optional<std::string> convert_part(const fs::path& whole, const fs::path& part, const Selection& selection) {
  try {
    static_cast<void>(convert_archive({.archives = {whole}, .output = part, .selection = selection}, context(1)));
    return read_text(part);
  } catch (const Error& error) {
    const bool nothing_left = error.code() == ErrorCode::Usage || error.code() == ErrorCode::NotFound;
    require(nothing_left, text::cat("a part of an archive: ", error.message()));
    require(!fs::exists(part), "a selection that was refused left a file");
    return std::nullopt;
  }
}

/// What an import would put of `archive`.
ImageSet part_of(const fs::path& archive, const Selection& selection) {
  return load_archives({archive}, selection, context(1)).set;
}

std::map<std::string, Digest> tags_after_import(const ImageSet& set) {
  MemoryTarget target(kTo, SparseIndexes::Taken);
  const RelocateOptions options{.to = kTo, .root_tags = root_tags_are_clear(set)};
  static_cast<void>(relocate(set, everything_to(kTo), opener(target), options, context(1)));
  for (const auto& [digest, node] : set.graph().manifests()) {
    require(target.resolve(digest.text()) == digest, text::cat("an import of a part lacks ", digest.text()));
  }
  for (const auto& [digest, blob] : set.graph().blobs()) {
    require(target.has_blob(digest), text::cat("an import of a part lacks the blob ", digest.text()));
  }
  return target.tags();
}

/// A registry that takes no partial index gets a smaller one in its place, unless something needs the index.
std::size_t import_stripped(const ImageSet& set) {
  Warnings warnings;
  const StrippedSet result = strip_indexes(set, warnings);
  for (const StrippedIndex& index : result.stripped) {
    require(index.left > 0 && index.left <= index.listed, "a stripped index lists more than before");
    require(absent_below(result.set.graph(), index.now).empty(), "a stripped index lacks something");
    require(result.now.at(*index.index.digest) == index.now, "a stripped index has two new digests");
  }
  bool needs_partial_ones = false;
  for (const SetImage& image : result.set.images()) {
    if (absent_below(result.set.graph(), image.digest()).empty()) continue;
    needs_partial_ones = true;
    require(warnings.name(image.digest()), text::cat("nobody was told that ", image.digest().text(), " stays partial"));
  }
  MemoryTarget target(kTo, needs_partial_ones ? SparseIndexes::Taken : SparseIndexes::Refused);
  const RelocateOptions options{.to = kTo, .root_tags = root_tags_are_clear(result.set)};
  static_cast<void>(relocate(result.set, everything_to(kTo), opener(target), options, context(1)));
  const auto before = target.operations();
  static_cast<void>(relocate(result.set, everything_to(kTo), opener(target), options, context(1)));
  require(target.operations() == before, "a second import of stripped indexes writes again");
  return result.stripped.size();
}

/// True if an image is requested by a tag and, in the same repository, without one: an archive has only its name by
/// tag, which a selection may leave out.
bool has_root_twice(const RandomWorld& world) {
  std::map<std::string, bool> has_tag;
  return std::ranges::any_of(world.roots(), [&](const Root& root) {
    return has_tag.try_emplace(to_string(root.reference), root.tag.has_value()).first->second != root.tag.has_value();
  });
}

/// True if an index is attached to something and also listed by a bundle: an export keeps what is attached whole, while
/// of what an archive lists the platforms are chosen.
bool has_attached_index(const ImageSet& set) {
  return std::ranges::any_of(set.images(), [&](const SetImage& image) {
    return !image.is_referrer && !absent_below(set.graph(), image.digest()).empty() && !subjects_of(set, image).empty();
  });
}

/// True if an image has a tag by which it is attached to what the part leaves out. An export would not find that tag;
/// in an archive it stays, since nothing tells whether somebody asked for the image by it.
bool has_tag_of_left_out(const ImageSet& set) {
  const auto is_left_out = [&](const std::string& tag) {
    const auto subject = attachment_subject(tag);
    return subject && !set.graph().contains(*subject);
  };
  return std::ranges::any_of(set.images(),
                             [&](const SetImage& image) { return std::ranges::any_of(image.tags, is_left_out); });
}

/// True if an archive has a layer that all images in it list as non-distributable. It came with another image, which
/// lists the same bytes as an ordinary layer; an export of the part alone would leave it out.
bool has_layer_of_left_out(const ImageSet& set) {
  return std::ranges::any_of(set.graph().blobs(), [](const auto& blob) {
    return media_type::is_nondistributable(blob.second.descriptor.media_type);
  });
}

/// The export of the part alone. Only what lies in other repositories than the chosen images may differ from the part
/// of the whole archive: an export looks for what is attached to an image where it reads the image.
void check_export(RandomWorld& world, const Selection& selection, const fs::path& part_archive,
                  const std::optional<std::string>& part) {
  const fs::path output = part_archive.parent_path() / "exported.tar";
  const GatherOptions gather{.referrers = Referrers::All, .selection = selection};
  try {
    std::vector<Reference> left_out;
    const auto roots = select_roots(world.roots(), selection, silent_progress(), left_out);
    static_cast<void>(write_archive(discover(roots, world.opener(), gather, context(1)), output, context(1)));
  } catch (const Error& error) {
    require(!part, text::cat("an export of what a conversion takes: ", error.message()));
    return;
  }
  require(part.has_value(), "a conversion refuses what an export takes");
  static_cast<void>(verify({.archive = output}, context(1)));
  const ImageSet taken = load(part_archive);
  if (!world.has_one_repository() || has_attached_index(load(output)) || has_tag_of_left_out(taken) ||
      has_layer_of_left_out(taken)) {
    return;
  }
  require(read_text(output) == *part, "an export of a part has other bytes than the part of the export");
}

}  // namespace

PartTrip make_part_trip(std::uint64_t seed) {
  RandomWorld world(seed);
  if (world.has_sha512_manifest()) return {.is_refused = true};
  Dice dice(seed ^ 0x9a57);
  const Selection selection = any_selection(world, dice);
  const TempDirectory directory = temp_directory();
  const fs::path whole = directory.path() / "whole.tar";
  const ImageSet all = discover(world.roots(), world.opener(), {.referrers = Referrers::All}, context(1));
  static_cast<void>(write_archive(all, whole, context(1)));

  const fs::path part = directory.path() / "part.tar";
  const auto bytes = convert_part(whole, part, selection);
  if (!has_root_twice(world)) check_export(world, selection, part, bytes);
  if (!bytes) return {.is_refused = true};

  const VerifyReport verified = verify({.archive = part}, context(1));
  const ImageSet set = load(part);
  require(verified.images == set.images().size(), "verify counts other images in a part");
  const ImageSet chosen = part_of(whole, selection);
  check_equal(chosen, set, "the part of an archive is not what an import of that part takes");
  require(convert_part(part, directory.path() / "again.tar", selection) == bytes,
          "a part of a part, by the same selection, has other bytes");
  require(tags_after_import(chosen) == tags_after_import(set), "a part imports with other tags than from the whole");
  return {.has_platforms = !selection.platforms.empty(),
          .images = set.images().size(),
          .left = all.graph().manifests().size() - set.graph().manifests().size(),
          .stripped_indexes = import_stripped(set)};
}

}  // namespace ociferry::testing
