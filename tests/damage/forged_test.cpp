#include <doctest/doctest.h>

#include <algorithm>

#include "layout/sealed/archive_reader.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "trial.hpp"

// Archives whose every byte is covered by a seal that is right, but that are not what their images call for.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The files before the seal.
std::vector<FrontFile> files_of(const ArchivePlan& plan) { return {plan.front.begin(), plan.front.end() - 1}; }

/// The sample's index.json with these blobs, sealed anew; `content` gives what is in each.
template <typename Content>
std::string sealed(ArchiveReader& reader, const std::vector<Descriptor>& blobs, Content content) {
  const ArchivePlan plan = plan_archive(*reader.plan().codec, files_of(reader.plan()), blobs);
  std::string bytes(plan.total_bytes, '\0');
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    const ArchiveMember& member = plan.members[i];
    bytes.replace(member.header_offset, member.header().size(), member.header());
    const std::string text = i < plan.files() ? plan.front[i].content : content(blobs[i - plan.files()]);
    bytes.replace(member.offset, member.size, text);
  }
  return bytes;
}

struct Forgery {
  SealedSample sample;
  Trial trial{sample};
  ArchiveReader reader{sample.path};
  std::vector<Descriptor> blobs = reader.blobs();
  Descriptor extra{.media_type = {}, .digest = sha256("stowaway"), .size = 8};

  [[nodiscard]] std::string bytes() {
    return sealed(reader, blobs, [&](const Descriptor& blob) {
      if (blob.digest == extra.digest) return std::string("stowaway");
      return read_all(*reader.open(blob, 0, {}), 1 << 20);
    });
  }
  /// What is wrong with how it is taken.
  [[nodiscard]] std::string judge() { return trial.judge_forged(bytes()); }
};

}  // namespace

TEST_CASE("an archive that the test's forger assembles without a fault is accepted") {
  Forgery forgery;
  CHECK(forgery.bytes() == forgery.sample.bytes);
}

TEST_CASE("a sealed archive with unreferenced content is refused before anything is written") {
  Forgery forgery;
  forgery.blobs.push_back(forgery.extra);
  CHECK(forgery.judge() == "");
}

TEST_CASE("a sealed archive that lacks any of its blobs is refused before anything is written") {
  Forgery forgery;
  const std::vector<Descriptor> all = forgery.blobs;
  for (const Descriptor& lost : all) {
    CAPTURE(lost.digest.text());
    forgery.blobs = all;
    std::erase_if(forgery.blobs, [&](const Descriptor& blob) { return blob.digest == lost.digest; });
    CHECK(forgery.judge() == "");
  }
}
