#include "archive/layer_reader.hpp"

#include <algorithm>
#include <array>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

std::uint64_t LayerReader::UnpackedInput::skip(std::uint64_t bytes) {
  std::array<std::byte, 16 * kKiB> scratch;
  std::uint64_t passed = 0;
  while (passed < bytes) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), bytes - passed));
    const std::size_t got = unpacker_.read(MutableBytes(scratch).first(wanted));
    if (got == 0) break;
    passed += got;
  }
  return passed;
}

std::optional<LayerMember> LayerReader::next() {
  auto member = tar_.next();
  if (!member) input_.unpacker().check_expansion();
  return member;
}

std::uint64_t LayerReader::skip_hole() {
  const std::uint64_t hole = tar_.skip_hole();
  if (hole > 0) input_.unpacker().count_hole(hole, tar_.stored_left());
  return hole;
}

std::optional<std::string> find_file(ByteSource& layer, const std::function<bool(std::string_view path)>& fits,
                                     std::uint64_t limit, const std::string& name, const UnpackLimits& unpack) {
  LayerReader reader(layer, name, unpack);
  std::optional<std::string> found;
  while (const auto member = reader.next()) {
    if (found || member->kind != LayerMember::Kind::File || !fits(member->path) || !member->objection.empty()) continue;
    if (member->size > limit) {
      throw Error(ErrorCode::Hostile, text::cat(name, ": '", member->path, "' is larger than ", limit, " bytes"));
    }
    found.emplace();
    std::array<std::byte, 16 * kKiB> buffer;
    while (const std::size_t got = reader.read_data(buffer)) found->append(as_text(Bytes(buffer).first(got)));
  }
  return found;
}

}  // namespace ociferry
