#include "base/text.hpp"
#include "layout/foreign/file_tree.hpp"

namespace ociferry {

Subtree::Subtree(std::unique_ptr<FileTree> tree, std::string folder)
    : FileTree(tree->name()), tree_(std::move(tree)), folder_(std::move(folder)) {}

std::optional<std::uint64_t> Subtree::size_of(const std::string& path) const {
  return tree_->size_of(text::cat(folder_, "/", path));
}

std::unique_ptr<ByteSource> Subtree::open(const std::string& path, std::uint64_t offset) const {
  return tree_->open(text::cat(folder_, "/", path), offset);
}

std::string Subtree::describe(const std::string& path) const { return tree_->describe(text::cat(folder_, "/", path)); }

}  // namespace ociferry
