// How fast an archive is verified, against the floor: one thread that reads the same file and hashes it. Both take
// turns; the medians' ratio is what counts, since absolute times differ from machine to machine and hour to hour.

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>

#include "base/fd.hpp"
#include "ferry/verify.hpp"
#include "layout/archive_writer.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "transfer/memory_blobs.hpp"

using namespace ociferry;

namespace {

constexpr int kRounds = 5;
constexpr std::size_t kBlobs = 16;
constexpr std::size_t kBlobBytes = 16 * 1024 * 1024;

std::string random_content(unsigned seed) {
  std::string content(kBlobBytes, '\0');
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i + 8 <= content.size(); i += 8) {
    const auto word = std::bit_cast<std::array<char, 8>>(random());
    std::copy(word.begin(), word.end(), content.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return content;
}

void write_archive(const std::filesystem::path& path) {
  const auto source = std::make_shared<MemoryBlobs>();
  std::vector<Descriptor> blobs;
  for (unsigned i = 0; i < kBlobs; ++i) {
    std::string content = random_content(i);
    blobs.push_back({.media_type = {}, .digest = sha256(content), .size = content.size()});
    source->add(blobs.back().digest, std::move(content));
  }
  ArchiveWriter writer(path, plan_archive(encode_archive_index({}), blobs));
  for (const Descriptor& blob : blobs) writer.put_blob(blob, *source, silent_progress(), {});
  writer.commit();
}

void hash_file(const std::filesystem::path& path) {
  const UniqueFd file = open_file(path, O_RDONLY);
  FileSource source(file.get(), 0, file_size(file.get(), path.string()), path.string());
  std::vector<std::byte> buffer(1024 * 1024);
  Hasher hasher;
  while (const std::size_t got = source.read(buffer)) hasher.update({buffer.data(), got});
  static_cast<void>(hasher.finish());
}

template <typename Fn>
double seconds(Fn&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::array<double, kRounds> values) {
  std::ranges::nth_element(values, values.begin() + kRounds / 2);
  return values[kRounds / 2];
}

}  // namespace

int main() {
  const TempDirectory directory(std::filesystem::temp_directory_path(), "bench-");
  const std::filesystem::path path = directory.path() / "a.tar";
  write_archive(path);
  hash_file(path);  // warms the page cache for both
  std::array<double, kRounds> floor{};
  std::array<double, kRounds> ours{};
  for (std::size_t i = 0; i < kRounds; ++i) {
    floor[i] = seconds([&] { hash_file(path); });
    ours[i] = seconds([&] { verify_blobs(std::make_shared<ArchiveReader>(path), {.jobs = 2}); });
  }
  const double megabytes = static_cast<double>(kBlobs * kBlobBytes) / 1e6;
  std::printf("one-thread SHA-256: %.0f MB/s, verify with 2 jobs: %.0f MB/s, ratio %.2f (medians of %d)\n",
              megabytes / median(floor), megabytes / median(ours), median(floor) / median(ours), kRounds);
  return 0;
}
