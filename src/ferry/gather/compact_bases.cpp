#include "ferry/gather/compact_bases.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ferry/gather/delta_report.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/auth.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::string archives_of(const CompactBase& base) {
  std::vector<std::string> names;
  for (const Digest& archive : base.archives) {
    names.push_back(shown(BuiltOn{.kind = BuiltOn::Kind::Archive, .digest = archive, .repositories = {}}));
  }
  return text::join(names, " and ");
}

/// False also for a repository that is not there or may not be read.
bool may_have(Repository& repository, const Descriptor& blob) {
  try {
    return repository.is_blob(blob);
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    if (code == ErrorCode::Unauthorized || code == ErrorCode::Denied || code == ErrorCode::NotFound) return false;
    throw;
  }
}

void take_from(const std::vector<std::shared_ptr<ImageArchive>>& archives, CompactBase& base) {
  for (const Descriptor& blob : base.lacking()) {
    const auto holder = std::ranges::find_if(archives, [&](const std::shared_ptr<ImageArchive>& archive) {
      return archive->size_of(blob.digest) == blob.size;
    });
    if (holder != archives.end()) base.holders.emplace(blob.digest, *holder);
  }
}

}  // namespace

void provide_bases(const std::vector<std::shared_ptr<ImageArchive>>& archives) {
  // Only from those that can be read by now: so no two ever wait for each other.
  std::vector<std::shared_ptr<ImageArchive>> readable;
  std::vector<std::shared_ptr<ImageArchive>> others;
  for (const auto& one : archives) (one->compact_base() == nullptr ? readable : others).push_back(one);
  for (bool has_changed = true; has_changed && !others.empty();) {
    has_changed = false;
    for (auto one = others.begin(); one != others.end();) {
      take_from(readable, *(*one)->compact_base());
      if (!(*one)->compact_base()->lacking().empty()) {
        ++one;
        continue;
      }
      readable.push_back(*one);
      one = others.erase(one);
      has_changed = true;
    }
  }
}

void provide_base(const std::shared_ptr<ImageArchive>& archive, const std::vector<std::filesystem::path>& bases,
                  const Context& context) {
  if (archive->compact_base() == nullptr) return;
  std::vector<std::shared_ptr<ImageArchive>> all{archive};
  for (const std::filesystem::path& path : bases) {
    all.push_back(open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes));
  }
  provide_bases(all);
}

std::vector<std::shared_ptr<ImageArchive>> open_older(const std::vector<std::filesystem::path>& since,
                                                      const Context& context) {
  std::vector<std::shared_ptr<ImageArchive>> archives;
  for (const std::filesystem::path& path : since) {
    archives.push_back(open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes));
    if (archives.back()->sealed() != nullptr) continue;
    throw Error(ErrorCode::Usage, text::cat(path.string(), " is no archive with a seal, but one of another tool (",
                                            to_string(archives.back()->format()), ")"))
        .hint(text::cat("make one of it, on both sides: ociferry copy --tar ", path.string(), " --to-tar OUT.tar"));
  }
  provide_bases(archives);
  for (const auto& archive : archives) check_base(*archive, "--since");
  return archives;
}

void find_base(const ImageArchive& archive, const std::set<RepositoryName>& repositories, Registries& registries) {
  CompactBase* const base = archive.compact_base();
  if (base == nullptr) return;
  std::vector<RepositoryName> names(repositories.begin(), repositories.end());
  for (const Descriptor& blob : base->lacking()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto repository = registries.repository(names[i]);
      if (!may_have(*repository, blob)) continue;
      base->holders.emplace(blob.digest, repository);
      std::swap(names[0], names[i]);  // it may have the next one, too
      break;
    }
  }
}

void check_base(const ImageArchive& archive, std::string_view option) {
  const CompactBase* const base = archive.compact_base();
  const std::vector<Descriptor> lacking = base == nullptr ? std::vector<Descriptor>() : base->lacking();
  if (lacking.empty()) return;
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : lacking) bytes += blob.size;
  throw Error(ErrorCode::Incomplete,
              text::cat(archive.name(), " builds on ", archives_of(*base), ", and ", lacking.size(), " of ",
                        base->blobs.size(), " blobs (", text::human_bytes(bytes), ") of that are nowhere"))
      .hint(text::cat("give that archive, too, with ", option, " FILE; nothing was written"));
}

}  // namespace ociferry
