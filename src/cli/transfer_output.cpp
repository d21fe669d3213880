#include "cli/transfer_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/imgpkg_words.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void CopyProgress::event(std::string_view line) {
  if (line == "Tagging images") finish();
  to().event(text::cat("copy | ", line));
  if (line.starts_with("done: file '")) finish();
}

void CopyProgress::notice(std::string_view lines) {
  if (called_as_ == CalledAs::Ociferry) return to().notice(lines);
  for (std::string& line : in_imgpkg_list(lines)) held_.push_back(std::move(line));
}

void CopyProgress::finish() {
  for (const std::string& line : std::exchange(held_, {})) to().event(text::cat("copy | ", line));
}

namespace {

/// What of indexes was not transferred.
std::string absent(const TransferReport& report) {
  const std::size_t children = report.absent_children;
  if (children == 0) return "";
  return children == 1 ? "; without 1 child of an index" : fmt::format("; without {} children of indexes", children);
}

}  // namespace

std::vector<std::string> child_names(const std::vector<Descriptor>& children) {
  std::vector<std::string> names;
  for (const Descriptor& child : children) {
    const std::string platform = child.platform ? to_string(*child.platform) : std::string();
    names.push_back(platform.empty() ? child.digest.text() : platform);
  }
  return names;
}

namespace {

std::string outcome(std::string_view verb, const TransferReport& report, const std::string& archive) {
  return fmt::format("{} {} to {}", verb, count_images(report.images, report.bundles, report.referrers), archive);
}

std::string size_of(const TransferReport& report) { return ": " + text::human_bytes(report.archive_bytes); }

void print_fingerprint(const TransferReport& report, Console& console) {
  if (report.fingerprint) console.result(fingerprint_line(*report.fingerprint));
}

void print_exported(std::string line, const TransferReport& report, Console& console) {
  if (report.blobs_existed > 0)
    line += fmt::format(" ({} already there from an earlier run)", count(report.blobs_existed, "blob"));
  console.result(line + absent(report));
  print_fingerprint(report, console);
  print_delta(report.delta, console);
}

}  // namespace

void print_export(const TransferReport& report, const std::string& archive, Console& console) {
  print_exported(outcome("Exported", report, archive) + size_of(report), report, console);
}

void print_compact_export(const TransferReport& plain, const std::string& archive, Console& console) {
  print_exported(outcome("Exported", plain, archive), plain, console);
}

void print_written(const TransferReport& report, const std::string& archive, Console& console) {
  console.result(outcome("Wrote", report, archive) + size_of(report) + absent(report));
  print_fingerprint(report, console);
}

void print_delta(const std::optional<DeltaReport>& delta, Console& console) {
  if (!delta) return;
  console.result(fmt::format("Leaves out {} ({}), which the receiver must have from:",
                             count(delta->blobs_left_out, "layer"), text::human_bytes(delta->bytes_left_out)));
  for (const BuiltOn& base : delta->builds_on) {
    if (base.kind == BuiltOn::Kind::Archive) {
      console.result(fmt::format("  the archive with fingerprint {}", spoken(base.digest)));
      continue;
    }
    console.result(fmt::format("  the have-list {}", base.digest.text()));
    for (const RepositoryName& name : base.repositories) console.result("    " + to_string(name));
  }
  console.result(fmt::format("The full archive: {}, fingerprint {}", text::human_bytes(delta->full_bytes),
                             spoken(delta->full_fingerprint)));
}

std::string fingerprint_line(const Digest& fingerprint) { return "Fingerprint: " + spoken(fingerprint); }

namespace {

/// The result of a requested proof.
std::string proved(const TransferReport& report) {
  return report.blobs_proved == 0 ? "" : fmt::format("; proved {}", count(report.blobs_proved, "blob"));
}

/// All images where they keep their names; else the roots, and those with an added tag.
std::vector<PlacedImage> shown_images(const TransferReport& report, const RelocateOptions& options) {
  if (options.by_name) return report.names;
  std::vector<PlacedImage> images = report.roots;
  for (const PlacedImage& image : report.names) {
    const bool is_added =
        std::ranges::find(options.added_tags, image.to.tag, &AddedTag::tag) != options.added_tags.end();
    if (is_added && std::ranges::find(images, image.to, &PlacedImage::to) == images.end()) images.push_back(image);
  }
  return images;
}

}  // namespace

std::string full_name(const Reference& reference) {
  std::string name = to_string(reference.name);
  if (reference.tag) name += ":" + *reference.tag;
  if (reference.digest) name += "@" + reference.digest->text();
  return name;
}

std::string moved_line(const MovedTag& tag) {
  return fmt::format("moved the tag {} from {} to {}; --keep-tags refuses to", to_string(tag.tag), tag.from.text(),
                     tag.to.text());
}

std::string shown_destination(const RelocateOptions& options) {
  if (!options.by_name) return to_string(options.to);
  const NamedDestination& to = *options.by_name;
  return to.prefix.empty() ? to.registry : to.registry + "/" + to.prefix;
}

void print_archives(const std::vector<ReadArchive>& archives, Console& console) {
  if (archives.size() < 2) return;
  for (const ReadArchive& archive : archives) {
    std::string line = fmt::format("From {}: {}", archive.path.string(),
                                   count_images(archive.images, archive.bundles, archive.referrers));
    if (archive.fingerprint) line += fmt::format(", fingerprint {}", spoken(*archive.fingerprint));
    console.result(line);
  }
}

void print_stripped(const std::vector<StrippedIndex>& stripped, Console& console) {
  if (stripped.empty()) return;
  console.result("Smaller indexes, with other digests:");
  for (const StrippedIndex& index : stripped) {
    console.result(fmt::format("  {}, {} entries", to_string(index.index), index.listed));
    console.result(fmt::format("    -> {}, {}", index.now.text(),
                               index.left == 1 ? "1 entry" : fmt::format("{} entries", index.left)));
  }
}

void print_relocation(const TransferReport& report, const RelocateOptions& options, Console& console) {
  console.result(relocate_line(report, shown_destination(options)));
  for (const PlacedImage& image : shown_images(report, options)) {
    const Reference was{image.from.name, image.from.tag, image.from.tag ? std::nullopt : image.from.digest};
    console.result(fmt::format("  {} -> {}", to_string(was), full_name(image.to)));
  }
  print_stripped(report.stripped, console);
}

void throw_if_any_failed(const std::vector<DestinationReport>& reports,
                         const std::vector<RelocateOptions>& destinations) {
  const Error* first = nullptr;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::optional<Error>& failure = reports[i].failure;
    if (!failure) continue;
    if (first == nullptr) first = &*failure;
    lines.push_back(fmt::format("{}: {}", shown_destination(destinations[i]), failure->message()));
  }
  if (first == nullptr) return;
  throw Error(first->code(), fmt::format("{} of {} destinations failed:\n  - {}", lines.size(), reports.size(),
                                         fmt::join(lines, "\n  - ")))
      .transient(first->is_transient())
      .hint("run the same command again: what has arrived is not written twice");
}

std::string relocate_line(const TransferReport& report, const std::string& destination) {
  const std::string what =
      fmt::format("{} in {}", count_images(report.images, report.bundles, report.referrers), destination);
  if (report.manifests_written == 0 && report.blobs_written == 0) {
    return fmt::format("Nothing to do: {} already there{}{}", what, absent(report), proved(report));
  }
  std::string line = fmt::format("{}: wrote {} ({}) and {}", what, count(report.blobs_written, "blob"),
                                 text::human_bytes(report.bytes_written), count(report.manifests_written, "manifest"));
  if (report.blobs_mounted > 0) line += fmt::format(", mounted {}", count(report.blobs_mounted, "blob"));
  if (report.blobs_existed > 0) line += fmt::format(", {} already there", count(report.blobs_existed, "blob"));
  return line + absent(report) + proved(report);
}

}  // namespace ociferry
