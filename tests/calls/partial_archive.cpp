#include "partial_archive.hpp"

#include <algorithm>

#include "layout/sealed/archive_reader.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

std::map<std::string, std::uint64_t> layers_in_partial(const std::string& partial, const std::string& whole) {
  std::map<std::string, std::uint64_t> layers;
  if (partial.size() != whole.size()) return layers;
  const TempDirectory directory = temp_directory();
  write_text(directory.path() / "whole.tar", whole);
  const ArchiveReader reader(directory.path() / "whole.tar");
  const auto& members = reader.plan().members;
  const ArchiveMember& table = members[reader.plan().files() - 1];
  if (partial.compare(table.offset, table.size, whole, table.offset, table.size) != 0) return layers;
  for (const ArchiveMember& member : members) {
    if (!member.blob) continue;
    const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(member.offset);
    const auto end = begin + static_cast<std::ptrdiff_t>(member.size);
    const auto same = std::mismatch(begin, end, partial.begin() + static_cast<std::ptrdiff_t>(member.offset)).first;
    layers[member.blob->text()] = static_cast<std::uint64_t>(same - begin);
  }
  return layers;
}

}  // namespace ociferry::testing
