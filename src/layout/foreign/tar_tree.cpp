#include <algorithm>

#include "archive/member_path.hpp"
#include "archive/tar_reader.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "layout/foreign/file_tree.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

/// The longest chain of links that is followed.
constexpr std::size_t kMostLinks = 8;

/// Reads by position, so skipping content costs nothing.
class MediumInput : public TarInput {
 public:
  explicit MediumInput(const Medium& medium) : medium_(medium), size_(medium.size()) {}

  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    const std::size_t got = medium_.read_at(position_, buffer);
    position_ += got;
    return got;
  }

  [[nodiscard]] std::uint64_t skip(std::uint64_t bytes) override {
    const std::uint64_t passed = std::min(bytes, size_ - std::min(position_, size_));
    position_ += passed;
    return passed;
  }

 private:
  const Medium& medium_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

/// The target of a symbolic link at `path`; nullopt if it is empty or outside the tar.
std::optional<std::string> resolve_link(const std::string& path, std::string_view target) {
  if (target.empty() || target.starts_with('/')) return std::nullopt;
  std::vector<std::string> parts;
  if (const std::string parent = parent_path(path); !parent.empty()) parts = text::split(parent, '/');
  for (const std::string& part : text::split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return std::nullopt;
    } else {
      parts.pop_back();
    }
  }
  return text::join(parts, "/");
}

}  // namespace

TarTree::TarTree(std::unique_ptr<Medium> medium, const UnpackLimits& limits)
    : FileTree(medium->name()), medium_(std::move(medium)) {
  using Kind = TarMember::Kind;
  MediumInput input(*medium_);
  TarReader reader(input, this->name(), limits);
  while (auto member = reader.next()) {
    member->check();
    Member entry{.offset = reader.position(), .size = member->size, .has_holes = member->size != member->stored};
    if (member->kind == Kind::Symlink) entry.leads_to = resolve_link(member->path, member->link).value_or("");
    if (member->kind == Kind::Hardlink) entry.leads_to = member->link;
    if (member->kind == Kind::Directory || member->kind == Kind::Other) entry.leads_to = "";
    if (members_.emplace(member->path, std::move(entry)).second) continue;
    const std::string file = shell_word(this->name());
    throw Error(ErrorCode::Hostile, text::cat(this->name(), ": the member '", member->path,
                                              "' occurs twice, so readers would disagree about the archive"))
        .hint(text::cat("to keep the last one, pack it again: mkdir images && tar -C images -xf ", file,
                        " && tar -C images -cf images.tar ."));
  }
  has_end_ = reader.found_end();
  // If two archives were concatenated, the second one would be lost silently.
  if (reader.bytes_behind_end() == 0) return;
  throw Error(ErrorCode::Corrupt, text::cat(this->name(), ": other bytes follow the end of the tar at offset ",
                                            reader.position() - reader.bytes_behind_end()));
}

/// `path` with its first directory that is a link replaced by what that leads to; nullopt if none is one.
std::optional<std::string> TarTree::behind_first_link(const std::string& path) const {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto found = members_.find(path.substr(0, slash));
    if (found == members_.end() || !found->second.leads_to || found->second.leads_to->empty()) continue;
    return text::cat(*found->second.leads_to, path.substr(slash));
  }
  return std::nullopt;
}

const TarTree::Member* TarTree::find(const std::string& path) const {
  std::string at = path;
  for (std::size_t links = 0; links <= kMostLinks; ++links) {
    const auto found = members_.find(at);
    if (found != members_.end() && !found->second.leads_to) return &found->second;
    auto next = found != members_.end() ? found->second.leads_to : behind_first_link(at);
    if (!next) return nullptr;
    at = *std::move(next);
  }
  return nullptr;
}

std::optional<std::uint64_t> TarTree::size_of(const std::string& path) const {
  const Member* member = find(path);
  return member == nullptr ? std::nullopt : std::optional(member->size);
}

std::unique_ptr<ByteSource> TarTree::open(const std::string& path, std::uint64_t offset) const {
  const Member* member = find(path);
  if (member == nullptr) throw Error(ErrorCode::Incomplete, text::cat(describe(path), " is not in the archive"));
  if (member->has_holes) {
    throw Error(ErrorCode::Hostile, text::cat(describe(path), " is stored with holes, and archives are read in place"))
        .hint("pack the archive's files again without --sparse");
  }
  return std::make_unique<MediumSource>(*medium_, member->offset + offset, member->size - offset);
}

std::vector<std::string> TarTree::folders() const {
  std::vector<std::string> names;
  for (const auto& [path, member] : members_) {
    std::string top = path.substr(0, path.find('/'));
    if (top.size() < path.size() && (names.empty() || names.back() != top)) names.push_back(std::move(top));
  }
  return names;
}

std::string TarTree::describe(const std::string& path) const {
  const Member* member = find(path);
  if (member == nullptr) {
    return text::cat(name(), ": ", path, has_end_ ? "" : " (the tar has no end: it may be cut short)");
  }
  return text::cat(name(), ": ", path, " at offset ", member->offset);
}

std::vector<std::string> first_members(const Medium& medium, std::size_t count, std::string_view last) {
  MediumInput input(medium);
  TarReader reader(input, medium.name());
  std::vector<std::string> names;
  while (names.size() < count && (names.empty() || names.back() != last)) {
    auto member = reader.next();
    if (!member) break;
    names.push_back(std::move(member->path));
  }
  return names;
}

}  // namespace ociferry
