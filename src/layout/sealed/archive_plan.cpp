#include "layout/sealed/archive_plan.hpp"

#include <span>

#include "archive/tar_header.hpp"
#include "layout/archive_names.hpp"

namespace ociferry {

namespace {

TarEntry tar_entry(const ArchiveMember& member) {
  return {.name = member.name(), .type = TarType::File, .mode = 0644, .size = member.size};
}

void add_member(std::vector<ArchiveMember>& members, ArchiveMember member) {
  if (!members.empty()) member.header_offset = members.back().end();
  member.offset = member.header_offset + tar_header_size(tar_entry(member));
  members.push_back(std::move(member));
}

std::vector<ArchiveMember> lay_out(const std::vector<FrontFile>& front, std::uint64_t seal_size,
                                   const std::vector<Descriptor>& blobs) {
  std::vector<ArchiveMember> members;
  members.reserve(front.size() + blobs.size());
  for (std::size_t i = 0; i < front.size(); ++i) {
    const bool is_seal = i + 1 == front.size();
    add_member(members, {.file = front[i].name, .size = is_seal ? seal_size : front[i].content.size()});
  }
  for (const Descriptor& blob : blobs) add_member(members, {.size = blob.size, .blob = blob.digest});
  return members;
}

}  // namespace

std::string ArchiveMember::name() const { return blob ? blob_path(*blob) : file; }

std::string ArchiveMember::header() const { return tar_header(tar_entry(*this)); }

std::uint64_t ArchiveMember::end() const { return offset + size + tar_padding(size); }

ArchivePlan plan_archive(const SealCodec& codec, std::vector<FrontFile> files, const std::vector<Descriptor>& blobs,
                         std::size_t seal_size, std::optional<SealedDelta> delta) {
  ArchivePlan plan{.codec = &codec, .front = std::move(files), .members = {}, .delta = std::move(delta)};
  plan.front.push_back({.name = std::string(kSealFile), .content = {}});
  const auto before_seal = std::span(plan.front).first(plan.front.size() - 1);
  std::size_t assumed = seal_size;
  // The seal lists the offsets of the blobs after it, which depend on its own size. The size never shrinks from one
  // round to the next, so this converges quickly.
  while (true) {
    plan.members = lay_out(plan.front, assumed, blobs);
    plan.front.back().content = codec.write(before_seal, plan.members, plan.delta ? &*plan.delta : nullptr);
    if (plan.seal().size() == assumed) break;
    assumed = plan.seal().size();
  }
  plan.total_bytes = plan.members.back().end() + kArchiveTrailerBytes;
  return plan;
}

ArchivePlan plan_archive(const std::vector<ArchiveItem>& items, const std::vector<Descriptor>& blobs,
                         std::string docker_manifest) {
  const SealCodec& codec = newest_seal();
  return plan_archive(codec, codec.write_files(items, std::move(docker_manifest)), blobs);
}

std::string first_header() { return plan_archive({}, {}).members.front().header(); }

bool has_first_header(const Medium& medium) {
  const std::string ours = first_header();
  std::string header(ours.size(), '\0');
  static_cast<void>(medium.read_at(0, std::as_writable_bytes(std::span(header))));
  return header == ours;
}

}  // namespace ociferry
