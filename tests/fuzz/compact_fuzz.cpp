// A compact archive of any bytes gives as many bytes as its header says, or is refused; headers, names and records that
// are read have one meaning. The input is tried as the tar that a compact archive unpacks to, and as the contents of
// its members, since the checksums of tar would stop nearly all inputs at once.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "archive/tar_header.hpp"
#include "fuzz.hpp"
#include "layout/compact/compact_format.hpp"
#include "layout/compact/compact_reader.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;
using namespace ociferry::compact;

namespace {

constexpr std::uint64_t kMostGiven = 1 << 24;

/// Runs `action`; a refusal must say what is wrong with the archive.
template <typename Action>
void may_be_refused(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    const bool is_about_archive = code == ErrorCode::Corrupt || code == ErrorCode::Hostile || code == ErrorCode::Space;
    // It may build on others, and be packed in another way.
    const bool is_other = code == ErrorCode::Incomplete || error.reason() == ErrorReason::NotTar;
    testing::require(is_about_archive || is_other, "a refusal says what is wrong with the archive");
  }
}

void read_archive(const std::string& tar) {
  may_be_refused([&] {
    CompactReader reader(std::make_unique<StringSource>(tar), "input", {}, std::filesystem::temp_directory_path());
    std::uint64_t given = 0;
    std::vector<std::byte> buffer(10'000);
    while (const std::size_t got = reader.read(buffer)) {
      given += got;
      testing::require(given <= reader.header().archive_bytes, "no more comes than the header says");
      if (given > kMostGiven) return;
    }
    testing::require(given == reader.header().archive_bytes, "all comes that the header says");
  });
}

void add_member(std::string& tar, const std::string& name, std::string_view content) {
  tar += tar_header({.name = name, .mode = 0444, .size = content.size()});
  tar += content;
  tar.append(static_cast<std::size_t>(tar_padding(content.size())), '\0');
}

/// Makes an archive: three bytes say how many bytes it gives, two how many are kept; then come members, each with a
/// byte for its kind, one for its pieces, two for its length, and its content.
std::string archive_of(std::string_view text) {
  testing::FuzzBytes bytes(text);
  const auto number = [&](int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | bytes.next();
    return value;
  };
  const std::uint64_t archive_bytes = number(3);
  std::string tar;
  add_member(tar, std::string(kHeaderFile),
             write_header({.archive_bytes = archive_bytes,
                           .fingerprint = sha256(""),
                           .kept_bytes = number(2),
                           .piece_bytes = kPieceBytes}));
  MemberName name;
  while (!bytes.empty()) {
    const std::uint8_t kind = bytes.next();
    const std::uint8_t pieces = bytes.next();
    if (name.piece == name.pieces || kind % 16 == 15) {  // else the layer goes on
      name = {.kind = static_cast<MemberKind>(kind % 3), .number = name.number + 1, .piece = 0, .pieces = pieces % 4U};
      if (name.kind == MemberKind::Plain) name.pieces = 0;
      if (name.kind != MemberKind::Plain && name.pieces == 0) name.pieces = 1;
    }
    if (name.pieces > 0) ++name.piece;
    add_member(tar, write_name(name), bytes.take(static_cast<std::size_t>(number(2))));
  }
  return tar + std::string(static_cast<std::size_t>(kTarEnd), '\0');
}

void check_record(std::string_view text) {
  may_be_refused([&] {
    const Record record = read_record(as_bytes(text), kPieceBytes, "record");
    const std::vector<std::byte> written = write_record(record);
    const Record again = read_record(written, kPieceBytes, "record");
    testing::require(again.steps == record.steps && as_text(again.recipe) == as_text(record.recipe) &&
                         as_text(again.fresh) == as_text(record.fresh),
                     "a record is written as it was read");
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(testing::fuzz_text(data, size));
  read_archive(text);
  read_archive(archive_of(text));
  check_record(text);
  if (const auto name = read_name(text)) {
    testing::require(read_name(write_name(*name)) == name, "a name is written as it was read");
  }
  may_be_refused([&] {
    const Header header = read_header(text, "header");
    testing::require(write_header(read_header(write_header(header), "header")) == write_header(header),
                     "a header is written as it was read");
  });
  return 0;
}
