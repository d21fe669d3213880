#include <doctest/doctest.h>
#include <fcntl.h>

#include <map>

#include "archive/tar_header.hpp"
#include "layout/image_archive.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"
#include "support/index_json.hpp"

using namespace ociferry;
using testing::index_of;
using testing::items_in;

namespace {

/// A small archive and where to put it.
struct Sample {
  TempDirectory directory{std::filesystem::temp_directory_path(), "layout-test-"};
  std::filesystem::path path = directory.path() / "a.tar";
  MemoryTarget source;
  std::vector<Descriptor> blobs;
  std::vector<ArchiveItem> items;

  Sample() {
    const std::string manifest =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
    blobs.push_back(source.add_blob(manifest, std::string(media_type::kOciIndex)));
    blobs.push_back(source.add_blob(std::string(1000, 'x'), "layer"));
    blobs.push_back(source.add_blob("", "empty"));
    items.push_back({.descriptor = blobs[0],
                     .is_root = true,
                     .reference = {{"registry.example:5000", "a/b"}, std::nullopt, blobs[0].digest},
                     .tag = "v1"});
  }

  [[nodiscard]] ArchivePlan plan() const { return plan_archive(items, blobs); }

  void write() {
    ArchiveWriter writer(std::make_unique<PartialFile>(path), plan());
    for (const Descriptor& blob : blobs) writer.put_blob(blob, source, silent_progress(), {});
    writer.commit();
  }

  [[nodiscard]] std::string bytes() const { return read_file(path, 1 << 20); }
};

/// Everything a careful reader does with the archive alone.
void read_everything(const std::filesystem::path& path) {
  ArchiveReader reader(path);
  reader.check_headers();
  for (const Descriptor& blob : reader.blobs()) {
    VerifyingSource source(reader.open(blob, 0, {}), blob, "blob");
    static_cast<void>(read_all(source, 1 << 20));
  }
}

}  // namespace

TEST_CASE("a plan gives every member its offset") {
  const Sample sample;
  const ArchivePlan plan = sample.plan();
  REQUIRE(plan.members.size() == 7);
  CHECK(plan.members[0].name() == "oci-layout");
  CHECK(plan.members[0].offset == 512);
  std::uint64_t position = 0;
  for (const ArchiveMember& member : plan.members) {
    CHECK(member.header_offset == position);
    CHECK(member.offset == position + 512);
    position = member.end();
    CHECK(position % 512 == 0);
  }
  CHECK(plan.total_bytes == position + 1024);
  CHECK(plan.members[2].name() == "manifest.json");
  CHECK(plan.members[3].size == plan.seal().size());
}

TEST_CASE("a member of 8 GiB or more has a longer header, which moves all offsets behind it") {
  const Digest digest = sha256("x");
  const std::uint64_t size = std::uint64_t{8} << 30;
  const ArchivePlan plan =
      plan_archive(std::vector<ArchiveItem>(), {{.media_type = {}, .digest = digest, .size = size}});
  CHECK(plan.members[4].offset == plan.members[4].header_offset + 1536);
  CHECK(plan.total_bytes == plan.members[4].offset + size + 1024);
}

TEST_CASE("the seal lists the offset of each blob, which depend on the seal's own length") {
  std::vector<Descriptor> blobs;
  for (int i = 0; i < 500; ++i) blobs.push_back({.media_type = {}, .digest = sha256(std::to_string(i)), .size = 7});
  const ArchivePlan plan = plan_archive(std::vector<ArchiveItem>(), blobs);
  const SealTable table = read_seal(plan.seal()).table;
  REQUIRE(table.blobs.size() == 500);
  CHECK(plan.seal().find("\"offset\":" + std::to_string(plan.members.back().offset)) != std::string::npos);
  CHECK(plan_archive(std::vector<ArchiveItem>(), table.blobs).seal() == plan.seal());
}

TEST_CASE("a written archive reads back, and its partial file is gone") {
  Sample sample;
  sample.write();
  CHECK_FALSE(std::filesystem::exists(sample.path.string() + ".partial"));
  ArchiveReader reader(sample.path);
  reader.check_headers();
  REQUIRE(reader.items().size() == 1);
  CHECK(reader.items()[0].tag == "v1");
  CHECK(to_string(reader.items()[0].reference) == "registry.example:5000/a/b@" + sample.blobs[0].digest.text());
  CHECK(reader.manifest(sample.blobs[0].digest.text())->descriptor.media_type == media_type::kOciIndex);
  CHECK_FALSE(reader.manifest(sha256("other").text()).has_value());
  CHECK(read_all(*reader.open(sample.blobs[1], 0, {}), 2000) == std::string(1000, 'x'));
  CHECK(sample.bytes().size() == sample.plan().total_bytes);
}

TEST_CASE("every single flipped bit of an archive is found") {
  Sample sample;
  sample.write();
  const std::string good = sample.bytes();
  CHECK_NOTHROW(read_everything(sample.path));
  const UniqueFd file = open_file(sample.path, O_RDWR);
  for (std::size_t at = 0; at < good.size(); ++at) {
    const char flipped = static_cast<char>(good[at] ^ (1 << (at % 8)));
    pwrite_full(file.get(), as_bytes({&flipped, 1}), at, "archive");
    INFO("byte " << at);
    CHECK_THROWS_AS(read_everything(sample.path), Error);
    pwrite_full(file.get(), as_bytes({&good[at], 1}), at, "archive");
  }
}

TEST_CASE("truncated, extended and foreign files are distinguished from an archive") {
  Sample sample;
  sample.write();
  const std::string good = sample.bytes();
  const auto message_for = [&](const std::string& content) {
    write_file_atomically(sample.path, content, 0600);
    try {
      read_everything(sample.path);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("nothing");
  };
  CHECK(message_for(good.substr(0, good.size() - 512)).find("but the seal says") != std::string::npos);
  CHECK(message_for(good + std::string(512, '\0')).find("but the seal says") != std::string::npos);
  CHECK(message_for("").find("ends within oci-layout") != std::string::npos);
  CHECK(message_for(std::string(4096, 'q')).find("the tar header of oci-layout") != std::string::npos);
}

TEST_CASE("archives of 0.1.0 name all entries for runtimes, and newer ones only images that these can load") {
  const Digest digest = sha256("x");
  const Descriptor chart{std::string(media_type::kOciManifest), digest, 7};
  const std::vector<ArchiveItem> items = {{.descriptor = chart,
                                           .is_root = true,
                                           .reference = {{"index.docker.io", "library/chart"}, std::nullopt, digest},
                                           .tag = "v1",
                                           .is_runnable = false}};
  const std::string first = index_of(items, seal_of_0_1_0());
  CHECK(first.find(R"("io.containerd.image.name":"index.docker.io/library/chart:v1")") != std::string::npos);
  CHECK(first.find(R"("org.opencontainers.image.ref.name":"v1")") != std::string::npos);
  CHECK(items_in(first, seal_of_0_1_0()).front().is_runnable);
  const std::string second = index_of(items);
  CHECK(second.find("image.name") == std::string::npos);
  CHECK(second.find("ref.name") == std::string::npos);
  CHECK_FALSE(items_in(second).front().is_runnable);
  CHECK_THROWS_AS(static_cast<void>(items_in(first)), Error);
  auto image = items;
  image.front().is_runnable = true;
  CHECK(index_of(image).find(R"("io.containerd.image.name":"docker.io/library/chart:v1")") != std::string::npos);
}

TEST_CASE("an archive of each seal version is read by the codec of that version") {
  Sample sample;
  for (const SealCodec* codec : {&seal_of_0_1_0(), &seal_of_0_2_0()}) {
    ArchiveWriter writer(std::make_unique<PartialFile>(sample.path),
                         plan_archive(*codec, codec->write_files(sample.items, "[]"), sample.blobs));
    for (const Descriptor& blob : sample.blobs) writer.put_blob(blob, sample.source, silent_progress(), {});
    writer.commit();
    ArchiveReader reader(sample.path);
    CHECK(reader.plan().codec == codec);
    CHECK(reader.plan().files() == codec->files().size() + 1);
    CHECK(reader.plan().front.back().name == kSealFile);
    CHECK(reader.items().front().tag == "v1");
    read_everything(sample.path);
  }
}

TEST_CASE("an archive of a newer version is refused as such, and not as damaged") {
  Sample sample;
  sample.write();
  const std::string good = sample.bytes();
  const auto code_of = [&](std::string_view version, bool elsewhere) {
    std::string bytes = good;
    bytes.replace(bytes.find(R"({"schemaVersion":1,"files")") + 17, 1, version);
    if (elsewhere) {  // a file that nobody knows today, in front of the seal
      const auto seal = sample.plan().members[3].header_offset;
      bytes.insert(seal, tar_header({.name = "other.json", .type = TarType::File, .mode = 0644, .size = 0}));
    }
    write_file_atomically(sample.path, bytes, 0600);
    try {
      static_cast<void>(open_image_archive(sample.path));
    } catch (const Error& error) {
      const bool says_newer = error.message().find("newer ociferry") != std::string::npos;
      CHECK(says_newer == (error.code() == ErrorCode::Hostile));
      CHECK(error.hint_text().find(says_newer ? "sha256sum" : "copy it again") != std::string::npos);
      return error.code();
    }
    FAIL("the archive was accepted");
    return ErrorCode::Internal;
  };
  for (const bool elsewhere : {false, true}) {
    CHECK(code_of("2", elsewhere) == ErrorCode::Hostile);  // today, deltas have it, and this is none
    CHECK(code_of("3", elsewhere) == ErrorCode::Hostile);
    CHECK(code_of("9", elsewhere) == ErrorCode::Hostile);
    CHECK(code_of("0", elsewhere) == ErrorCode::Corrupt);
    CHECK(code_of("x", elsewhere) == ErrorCode::Corrupt);
  }
  // Of this version, it is one file too many.
  CHECK(code_of("1", true) == ErrorCode::Corrupt);
}

TEST_CASE("a seal that lists impossible sizes is refused") {
  const std::string digest = sha256("x").text();
  const auto seal = [&](const std::string& size) {
    return R"({"schemaVersion":1,"files":[{"digest":")" + digest + R"(","size":1},{"digest":")" + digest +
           R"(","size":1}],"blobs":[{"digest":")" + digest + R"(","size":)" + size + R"(},{"digest":")" + digest +
           R"(","size":)" + size + "}]}";
  };
  CHECK_NOTHROW(static_cast<void>(read_seal(seal("5"))));
  for (const char* size : {"-1", "9223372036854775807", "4611686018427387904", "1.5", "\"5\""}) {
    CHECK_THROWS_AS(static_cast<void>(read_seal(seal(size))), Error);
  }
}

TEST_CASE("a writer resumes a partial file, and keeps its intact blobs") {
  Sample sample;
  {
    ArchiveWriter writer(std::make_unique<PartialFile>(sample.path), sample.plan());
    writer.put_blob(sample.blobs[1], sample.source, silent_progress(), {});
  }
  CHECK(std::filesystem::exists(sample.path.string() + ".partial"));
  CHECK_FALSE(std::filesystem::exists(sample.path));
  ArchiveWriter writer(std::make_unique<PartialFile>(sample.path), sample.plan());
  CHECK(writer.put_blob(sample.blobs[1], sample.source, silent_progress(), {}) == BlobOutcome::Existed);
  CHECK(writer.put_blob(sample.blobs[0], sample.source, silent_progress(), {}) == BlobOutcome::Written);
  CHECK(writer.put_blob(sample.blobs[2], sample.source, silent_progress(), {}) == BlobOutcome::Existed);  // no bytes
  writer.commit();
  CHECK_NOTHROW(read_everything(sample.path));
}

TEST_CASE("a partial file with garbage becomes the same archive") {
  Sample sample;
  sample.write();
  const std::string good = sample.bytes();
  const std::string partial = sample.path.string() + ".partial";
  std::string same_plan = good;
  for (const ArchiveMember& member : sample.plan().members) {
    same_plan[member.header_offset + 3] = 'Z';
    if (member.blob && member.size > 0) same_plan[member.offset] = 'Z';
    if (member.end() > member.offset + member.size) same_plan[member.offset + member.size] = 'Z';
  }
  for (const std::string& garbage : {same_plan, std::string("short"), std::string(100'000, 'g')}) {
    write_file_atomically(partial, garbage, 0600);
    sample.write();
    CHECK(sample.bytes() == good);
  }
}

TEST_CASE("the second writer of one archive gets Busy") {
  Sample sample;
  const ArchiveWriter first(std::make_unique<PartialFile>(sample.path), sample.plan());
  try {
    const ArchiveWriter second(std::make_unique<PartialFile>(sample.path), sample.plan());
    FAIL("the second writer was let in");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Busy);
  }
}

TEST_CASE("an archive that does not fit is refused before anything is written") {
  Sample sample;
  auto blobs = sample.blobs;
  blobs.push_back({.media_type = {}, .digest = sha256("huge"), .size = std::uint64_t{1} << 60});
  try {
    const ArchiveWriter writer(std::make_unique<PartialFile>(sample.path), plan_archive(sample.items, blobs));
    FAIL("there is no such disk");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Space);
  }
}

TEST_CASE("wrong bytes from a source never become a blob of an archive") {
  Sample sample;
  class Wrong : public BlobSource {
   public:
    std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t, std::stop_token) override {
      return std::make_unique<StringSource>(std::string(blob.size, 'y'));
    }
  } wrong;
  ArchiveWriter writer(std::make_unique<PartialFile>(sample.path), sample.plan());
  CHECK_THROWS_AS(writer.put_blob(sample.blobs[1], wrong, silent_progress(), {}), Error);
}

TEST_CASE("commit does not publish an archive that lacks a blob") {
  Sample sample;
  write_file_atomically(sample.path, "old", 0600);
  ArchiveWriter writer(std::make_unique<PartialFile>(sample.path), sample.plan());
  writer.put_blob(sample.blobs[0], sample.source, silent_progress(), {});
  writer.put_blob(sample.blobs[2], sample.source, silent_progress(), {});
  try {
    writer.commit();
    FAIL("the archive was published");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Internal);
    CHECK(error.message().find(sample.blobs[1].digest.text()) != std::string::npos);
  }
  CHECK(sample.bytes() == "old");
  writer.put_blob(sample.blobs[1], sample.source, silent_progress(), {});
  writer.commit();
  CHECK_NOTHROW(read_everything(sample.path));
}

TEST_CASE("index.json has the role and tag of every image") {
  const Digest a = sha256("a");
  const Digest b = sha256("b");
  const Digest c = sha256("c");
  const auto descriptor = [](const Digest& digest) {
    return Descriptor{.media_type = std::string(media_type::kOciManifest), .digest = digest, .size = 5};
  };
  const std::vector<ArchiveItem> items = {
      {.descriptor = descriptor(a),
       .role = ArchiveRole::Bundle,
       .is_root = true,
       .reference = {{"h.example", "x/y"}, std::nullopt, a},
       .tag = "v1"},
      {.descriptor = descriptor(b), .reference = {{"h.example", "x/z"}, std::nullopt, b}},
      {.descriptor = descriptor(c),
       .role = ArchiveRole::Locations,
       .reference = {{"h.example", "x/y"}, std::nullopt, c},
       .bundle = a},
  };
  const std::string index = index_of(items);
  CHECK(index.find("\"org.opencontainers.image.ref.name\":\"v1\"") != std::string::npos);
  CHECK(index.find("\"org.opencontainers.image.ref.name\":\"" + image_tag(b)) != std::string::npos);
  CHECK(index.find("\"org.opencontainers.image.ref.name\":\"" + locations_tag(a)) != std::string::npos);
  CHECK(index.find("\"io.containerd.image.name\":\"h.example/x/y:v1\"") != std::string::npos);
  CHECK(index_of(items_in(index)) == index);

  auto twice = items;
  twice[1].is_root = true;
  twice[1].tag = "v1";
  const std::string shared = index_of(twice);
  CHECK(shared.find("\"org.opencontainers.image.ref.name\":\"v1\"") == std::string::npos);
  CHECK(items_in(shared)[1].tag == "v1");
  CHECK_THROWS_AS(static_cast<void>(items_in(index_of({items[0], items[0]}))), Error);

  auto equal_locations = items;
  equal_locations[1].role = ArchiveRole::Bundle;
  equal_locations.push_back(items[2]);
  equal_locations.back().bundle = b;
  CHECK(items_in(index_of(equal_locations)).back().bundle == b);
  equal_locations.push_back(equal_locations.back());
  CHECK_THROWS_AS(static_cast<void>(items_in(index_of(equal_locations))), Error);

  std::string nameless = index;
  nameless.replace(nameless.find("h.example/x/y@"), 14, "h.example/x/y#");
  try {
    static_cast<void>(items_in(nameless));
    FAIL("a malformed reference was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
  }

  auto also_v2 = items;
  also_v2.insert(also_v2.begin() + 1, items[0]);
  also_v2[1].tag = "v2";
  CHECK(items_in(index_of(also_v2))[1].tag == "v2");

  auto signed_image = items[1];
  signed_image.role = ArchiveRole::Referrer;
  signed_image.tag = attachment_tag(a, "sig");
  CHECK(items_in(index_of({signed_image}))[0].role == ArchiveRole::Referrer);
  signed_image.tag = "v1";
  CHECK_THROWS_AS(static_cast<void>(items_in(index_of({signed_image}))), Error);
  CHECK_THROWS_AS(static_cast<void>(items_in(" " + index)), Error);
}
