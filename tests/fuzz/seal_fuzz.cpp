// A seal, and an index.json, of any bytes are refused or describe a possible archive.

#include "fuzz.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

void check_seal(std::string_view text) {
  const ReadSeal seal = read_seal(text);
  const ArchivePlan plan =
      plan_archive(seal.codec, seal.codec.write_files({}, "[]"), seal.table.blobs, 0, seal.table.delta);
  testing::require(plan.total_bytes % 512 == 0, "an archive is made of whole blocks");
  for (std::size_t i = 1; i < plan.members.size(); ++i) {
    testing::require(plan.members[i].header_offset == plan.members[i - 1].end(), "members lie one behind the other");
  }
}

void check_index(std::string_view text, const SealCodec& codec) {
  auto files = codec.write_files({}, "[]");
  files.at(1).content = text;
  testing::require(codec.write_files(codec.read_files(files), "[]").at(1).content == text, "an index has one form");
}

void check_old_index(std::string_view text) { check_index(text, seal_of_0_1_0()); }
void check_new_index(std::string_view text) { check_index(text, seal_of_0_2_0()); }

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (void (*check)(std::string_view) : {check_seal, check_old_index, check_new_index}) {
    try {
      check(testing::fuzz_text(data, size));
    } catch (const Error& error) {
      const ErrorCode code = error.code();
      testing::require(code == ErrorCode::Corrupt || code == ErrorCode::Hostile || code == ErrorCode::Usage,
                       "a refusal says what is wrong");
    }
  }
  return 0;
}
