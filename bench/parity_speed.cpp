// How fast parity is computed on one core, without a disk: from memory, to nowhere. Prints what copying the same bytes
// takes, hashing them, and all that protect does, by the time that the processor worked on it.
//   parity_speed [MIB] [PERCENT]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <vector>

#include "medium/writable_medium.hpp"
#include "parity/write_parity.hpp"
#include "stream/read_buffer.hpp"

namespace {

using namespace ociferry;

constexpr std::size_t kPattern = 64 * kMiB;  // larger than what caches hold

class PatternMedium : public WritableMedium {
 public:
  explicit PatternMedium(std::uint64_t size) : size_(size), pattern_(kPattern) {
    std::uint64_t state = 1;
    for (std::byte& byte : pattern_) byte = static_cast<std::byte>((state = state * 6364136223846793005U + 1) >> 56U);
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    for (std::size_t done = 0; done < buffer.size();) {
      const auto from = static_cast<std::size_t>((offset + done) % pattern_.size());
      const std::size_t size = std::min(buffer.size() - done, pattern_.size() - from);
      std::memcpy(buffer.data() + done, pattern_.data() + from, size);
      done += size;
    }
    return buffer.size();
  }
  void write_at(std::uint64_t /*offset*/, Bytes bytes) override { written_ += bytes.size(); }
  [[nodiscard]] std::uint64_t written_until(std::uint64_t /*offset*/) const override { return written_; }

 private:
  std::string name_ = "memory";
  std::uint64_t size_;
  std::uint64_t written_ = 0;
  std::vector<std::byte> pattern_;
};

void measure(const char* what, std::uint64_t bytes, const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-28s %6.0f MB/s\n", what, static_cast<double>(bytes) / took / 1e6);
}

void read_all(const PatternMedium& medium, const std::function<void(Bytes)>& use) {
  std::vector<std::byte> buffer(kReadBufferBytes);
  for (std::uint64_t at = 0; at < medium.size(); at += buffer.size()) {
    static_cast<void>(medium.read_at(at, buffer));
    use(buffer);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t bytes = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048) * kMiB;
  const auto percent = static_cast<unsigned>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 10);
  PatternMedium medium(bytes);
  const ParityShape shape = choose_parity_shape(bytes, percent);
  std::printf("%u%% of %llu MiB: %u columns and %u of parity, blocks of %u bytes\n", percent,
              static_cast<unsigned long long>(bytes / kMiB), shape.columns, shape.parity_columns, shape.block_bytes);
  measure("copying", bytes, [&] { read_all(medium, [](Bytes) {}); });
  measure("copying and hashing", bytes, [&] {
    Hasher hasher;
    read_all(medium, [&](Bytes part) { hasher.update(part); });
    static_cast<void>(hasher.finish());
  });
  measure("parity with all checksums", bytes, [&] { write_parity(medium, shape, {}, medium, {silent_progress()}); });
  return 0;
}
