#include "ociferry/image_files.hpp"

#include <map>
#include <set>
#include <utility>

#include "archive/image_tree.hpp"
#include "archive/layer_extractor.hpp"
#include "archive/member_path.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/archived_layer.hpp"
#include "ferry/open_store.hpp"
#include "ferry/output_directory.hpp"
#include "ferry/unreadable_layer.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry {

namespace {

/// An image of an open archive, with its file system.
struct OpenImage {
  OpenStore store;
  ChosenImage image;
  ImageTree tree;
};

std::uint64_t sum_of(const std::vector<Descriptor>& layers) {
  std::uint64_t bytes = 0;
  for (const Descriptor& layer : layers) bytes += layer.size;
  return bytes;
}

void tell_of_refused(const ImageTree& tree, Progress& progress) {
  if (tree.refused() == 0) return;
  progress.warn(text::cat(tree.refused(), tree.refused() == 1 ? " member" : " members",
                          " of the layers left out, which no program should unpack: ", tree.objection()));
}

/// Reads all layers, so that they have proved right.
OpenImage open_image(const ImageChoice& choice, const Context& context) {
  OpenImage opened{
      .store = open_store(choice.archive, choice.bases, context), .image = {}, .tree = ImageTree(context.unpack)};
  opened.image = choose_image(opened.store, choice.image, choice.platforms);
  const std::vector<Descriptor>& layers = opened.image.manifest->layers;
  context.progress->phase("reading the layers", sum_of(layers));
  for (const Descriptor& layer : layers) {
    ImageArchive& archive = opened.store.holder_of(layer.digest);
    const auto apply = [&](ByteSource& content) {
      opened.tree.apply(content, archive.name_of(layer.digest), context.stop);
    };
    try {
      read_layer(archive, layer, apply, context);
    } catch (Error& error) {
      if (error.reason() == ErrorReason::NotTar) {
        error.while_doing(text::cat("reading a layer of type '", layer.media_type, "'"));
        error.hint(hint_for_unreadable_layer(
            layer.media_type, "only images have files; what else an archive carries, such as charts, has none"));
      }
      throw;
    }
  }
  tell_of_refused(opened.tree, *context.progress);
  return opened;
}

ImageFile::Kind kind_of_node(const TreeNode& node) {
  switch (node.kind) {
    case LayerMember::Kind::Directory: return ImageFile::Kind::Directory;
    case LayerMember::Kind::Symlink: return ImageFile::Kind::Symlink;
    case LayerMember::Kind::Other:
      if (node.special == 'c') return ImageFile::Kind::CharacterDevice;
      return node.special == 'b' ? ImageFile::Kind::BlockDevice : ImageFile::Kind::Fifo;
    default: return ImageFile::Kind::File;
  }
}

ImageFile file_of(const std::string& path, const TreeNode& node) {
  return {.path = path,
          .kind = kind_of_node(node),
          .mode = node.mode,
          .uid = node.uid,
          .gid = node.gid,
          .size = node.size,
          .mtime = node.mtime,
          .link = node.link};
}

using MemberUse = std::function<void(LayerReader& reader, const LayerMember& member, std::uint64_t index)>;

/// Hands those members of a layer to `use` that `wanted` has.
template <typename Wanted>
void visit_members(const OpenImage& opened, std::size_t layer, const Wanted& wanted, const MemberUse& use,
                   const Context& context) {
  const Descriptor& descriptor = opened.image.manifest->layers.at(layer);
  ImageArchive& archive = opened.store.holder_of(descriptor.digest);
  const std::string name = archive.name_of(descriptor.digest);
  const auto visit = [&](ByteSource& content) {
    LayerReader reader(content, name, context.unpack);
    for (std::uint64_t index = 0; const auto member = reader.next(); ++index) {
      throw_if_stopped(context.stop);
      if (wanted.contains(index)) use(reader, *member, index);
    }
  };
  read_proved_layer(archive, descriptor, visit, context);
}

/// What is extracted of an image.
class Extraction {
 public:
  Extraction(const OpenImage& opened, const Context& context) : opened_(opened), context_(context) {}

  void choose(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const ImageTree::Place place = opened_.tree.at(path, ImageTree::LastLink::Keep);
      for (std::string above = parent_path(place.path); !above.empty(); above = parent_path(above)) add(above);
      if (place.node != nullptr) add(place.path);
      add_below(place.path);
    }
    if (paths.empty()) add_below("");
  }

  /// Directories first and links last, so that nothing is ever written along a link of the image.
  void write(LayerExtractor& extractor) const {
    StringSource nothing("");
    LayerReader none(nothing, "nothing");
    const auto put = [&](const std::string& path, const TreeNode& node) {
      extractor.put(none, {.path = path, .kind = node.kind, .link = node.link, .mode = node.mode, .mtime = node.mtime},
                    context_.stop);
    };
    for (const auto& [path, node] : chosen_) {
      if (node->kind == LayerMember::Kind::Directory) put(path, *node);
    }
    for (const auto& [layer, members] : contents_) write_files(layer, members, none, extractor);
    for (const auto& [path, node] : chosen_) {
      if (node->kind == LayerMember::Kind::Symlink || node->kind == LayerMember::Kind::Other) put(path, *node);
    }
  }

  [[nodiscard]] std::uint64_t packed_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [layer, members] : contents_) bytes += opened_.image.manifest->layers.at(layer).size;
    return bytes;
  }

 private:
  /// The names of each file, by its place in a layer.
  using Members = std::map<std::uint64_t, std::vector<std::string>>;

  void add(const std::string& path) {
    const auto& [name, node] = *opened_.tree.nodes().find(path);
    if (!chosen_.emplace(name, &node).second) return;
    if (node.kind == LayerMember::Kind::File) contents_[node.layer][node.member].push_back(name);
  }

  void add_below(const std::string& path) {
    const std::string inside = path.empty() ? path : path + "/";
    const auto& nodes = opened_.tree.nodes();
    for (auto node = nodes.lower_bound(inside); node != nodes.end() && node->first.starts_with(inside); ++node) {
      add(node->first);
    }
  }

  void write_files(std::size_t layer, const Members& members, LayerReader& none, LayerExtractor& extractor) const {
    const auto write_one = [&](LayerReader& reader, const LayerMember& member, std::uint64_t index) {
      const std::vector<std::string>& names = members.at(index);
      LayerMember file = member;
      file.path = names.front();
      extractor.put(reader, file, context_.stop);
      for (std::size_t i = 1; i < names.size(); ++i) {
        extractor.put(none, {.path = names[i], .kind = LayerMember::Kind::Hardlink, .link = names.front()},
                      context_.stop);
      }
    };
    visit_members(opened_, layer, members, write_one, context_);
  }

  const OpenImage& opened_;
  const Context& context_;
  std::map<std::string, const TreeNode*, PathOrder> chosen_;
  std::map<std::size_t, Members> contents_;  ///< by layer
};

}  // namespace

FileList list_files(const ImageChoice& choice, const Context& context) {
  const OpenImage opened = open_image(choice, context);
  FileList list{.image = opened.image.reference, .refused = opened.tree.refused()};
  list.files.reserve(opened.tree.nodes().size());
  for (const auto& [path, node] : opened.tree.nodes()) list.files.push_back(file_of(path, node));
  return list;
}

FoundFile read_image_file(const ImageChoice& choice, const std::string& path,
                          const std::function<void(std::string_view)>& write, const Context& context) {
  const OpenImage opened = open_image(choice, context);
  const auto [real_path, node] = opened.tree.at(path);
  if (node == nullptr || node->kind != LayerMember::Kind::File) {
    const bool is_directory = node == nullptr || node->kind == LayerMember::Kind::Directory;
    throw Error(ErrorCode::Usage,
                text::cat("'", text::printable(path), "' is ", is_directory ? "a directory" : "a device or a fifo"))
        .hint("'ociferry ls ARCHIVE IMAGE' lists the files of an image");
  }
  FoundFile found{opened.image.reference, file_of(real_path, *node)};
  const auto copy = [&](LayerReader& reader, const LayerMember&, std::uint64_t) {
    std::vector<std::byte> buffer(kReadBufferBytes);
    while (const std::size_t got = reader.read_data(buffer)) {
      throw_if_stopped(context.stop);
      write(as_text(Bytes(buffer).first(got)));
    }
  };
  context.progress->phase("reading the file", opened.image.manifest->layers.at(node->layer).size);
  visit_members(opened, node->layer, std::set{node->member}, copy, context);
  return found;
}

ExtractedFiles extract_files(const ExtractOptions& options, const Context& context) {
  OutputDirectory output(options.output, options.force);
  check_not_read({.copied = {options.from.archive}, .bases = options.from.bases}, options.output, context.volumes);
  const OpenImage opened = open_image(options.from, context);
  Extraction extraction(opened, context);
  extraction.choose(options.paths);
  context.progress->phase("unpacking files", extraction.packed_bytes());
  LayerExtractor extractor(output.content(), ConfinedDirectory::Lookup::Kernel, context.unpack);
  try {
    extraction.write(extractor);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space)
      error.hint("free some space, or extract to another place; nothing was changed");
    throw;
  }
  output.publish();
  const ExtractReport& report = extractor.report();
  return {.image = opened.image.reference,
          .files = report.files,
          .bytes = report.bytes,
          .skipped_links = report.skipped_links,
          .skipped_special = report.skipped_special};
}

}  // namespace ociferry
