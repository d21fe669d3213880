#include "archive/layer_reader.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

void LayerReader::UnpackedInput::skip(std::uint64_t bytes) {
  std::array<std::byte, 16 * limits::kKiB> scratch;
  while (bytes > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), bytes));
    const std::size_t got = unpacker_.read(MutableBytes(scratch).first(wanted));
    if (got == 0) throw Error(ErrorCode::Corrupt, text::cat("the tar is cut short: ", bytes, " bytes are missing"));
    bytes -= got;
  }
}

std::optional<std::string> find_file(ByteSource& layer, const std::function<bool(std::string_view path)>& fits,
                                     std::uint64_t limit, const std::string& name, const UnpackLimits& unpack) {
  LayerReader reader(layer, name, unpack);
  std::optional<std::string> found;
  while (const auto member = reader.next()) {
    if (found || member->kind != LayerMember::Kind::File || !fits(member->path)) continue;
    if (member->size > limit) {
      throw Error(ErrorCode::Hostile, text::cat(name, ": '", member->path, "' is larger than ", limit, " bytes"));
    }
    found.emplace();
    std::array<std::byte, 16 * limits::kKiB> buffer;
    while (const std::size_t got = reader.read_data(buffer)) found->append(as_text(Bytes(buffer).first(got)));
  }
  return found;
}

}  // namespace ociferry
