#include "ferry/write/partial_forecast.hpp"

#include <fcntl.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/stop.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/file_medium.hpp"
#include "medium/holes.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/verify.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

bool has_whole(const Medium& partial, const ArchiveMember& member, const std::stop_token& stop) {
  const Descriptor blob{.media_type = {}, .digest = *member.blob, .size = member.size};
  VerifyingSource content(std::make_unique<MediumSource>(partial, member.offset, member.size), blob, partial.name());
  std::vector<std::byte> buffer(kReadBufferBytes);
  try {
    while (content.read(buffer) > 0) throw_if_stopped(stop);
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt) throw;
    return false;
  }
}

}  // namespace

std::set<Digest> blobs_left_of(const std::filesystem::path& archive, const ArchivePlan& plan, const Context& context) {
  const std::filesystem::path path = PartialFile::path_for(archive);
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) return {};
  UniqueFd opened = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const int fd = opened.get();
  const FileMedium partial(path.string(), std::move(opened));
  if (!ArchiveWriter::was_left_by(partial, plan)) return {};
  context.progress->phase("looking for what is on disk already", 0);
  const std::size_t files = plan.files();
  std::vector<char> is_whole(plan.members.size() - files, 0);
  const auto look = [&](std::size_t i, const std::stop_token& stop) {
    const ArchiveMember& member = plan.members[files + i];
    const bool has_hole = next_hole(fd, member.offset, partial.name()) < member.offset + member.size;
    is_whole[i] = !has_hole && has_whole(partial, member, stop) ? 1 : 0;
  };
  run_parallel_or_throw(jobs_or_cores(context.jobs), is_whole.size(), context.stop, look);
  std::set<Digest> left;
  for (std::size_t i = 0; i < is_whole.size(); ++i) {
    if (is_whole[i] != 0) left.insert(*plan.members[files + i].blob);
  }
  return left;
}

}  // namespace ociferry
