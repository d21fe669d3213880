#include "stream/verify.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/text.hpp"
#include "base/threads.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

Error wrong_size(const std::string& where, const Descriptor& expected, std::string_view relation, std::uint64_t got) {
  return {ErrorCode::Corrupt, text::cat(where, ": ", relation, " bytes than the ", expected.size, " that ",
                                        expected.digest.text(), " has (got ", got, ")")};
}

/// Hashing the rest of a blob must take longer than starting a thread.
constexpr std::uint64_t kLong = 8 * 1024 * 1024;
constexpr std::uint64_t kConsiderEvery = 1024 * 1024;

/// Threads that use VerifyingSinks now.
std::atomic<unsigned> busy_threads{0};

unsigned cores() {
  static const unsigned count = std::max(1U, std::thread::hardware_concurrency());
  return count;
}

void check_digest(const std::string& where, const Descriptor& expected, const Digest& actual) {
  if (actual != expected.digest) {
    throw Error(ErrorCode::Corrupt,
                text::cat(where, ": content has digest ", actual.text(), ", expected ", expected.digest.text()));
  }
}

}  // namespace

VerifyingSource::VerifyingSource(std::unique_ptr<ByteSource> inner, const Descriptor& expected, std::string where)
    : inner_(std::move(inner)), expected_(expected), where_(std::move(where)), hasher_(expected.digest.algorithm()) {}

std::size_t VerifyingSource::read(MutableBytes buffer) {
  if (buffer.empty() || checked_) return 0;
  const std::size_t got = inner_->read(buffer);
  count_ += got;
  if (count_ > expected_.size) throw wrong_size(where_, expected_, "more", count_);
  if (got == 0 && count_ < expected_.size) throw wrong_size(where_, expected_, "fewer", count_);
  hasher_.update(buffer.first(got));
  if (count_ < expected_.size) return got;
  check_digest(where_, expected_, hasher_.finish());
  std::byte extra{};
  if (inner_->read({&extra, 1}) != 0) throw wrong_size(where_, expected_, "more", count_ + 1);
  checked_ = true;
  return got;
}

VerifyingSink::VerifyingSink(ByteSink& inner, const Descriptor& expected, std::string where, JointHashing* joint)
    : inner_(inner),
      expected_(expected),
      where_(std::move(where)),
      hasher_(expected.digest.algorithm()),
      joint_(joint) {
  ++busy_threads;
}

VerifyingSink::~VerifyingSink() { busy_threads -= background_ ? 2 : 1; }

void VerifyingSink::write(Bytes bytes) {
  if (bytes.size() > expected_.size - count_) throw wrong_size(where_, expected_, "more", count_ + bytes.size());
  inner_.write(bytes);  // first: who hashes jointly may read what is there
  hash(bytes);
  count_ += bytes.size();
}

void VerifyingSink::hash(Bytes bytes) {
  if (!background_ && count_ >= considered_at_ + kConsiderEvery) {
    considered_at_ = count_;
    if (is_worth_a_thread()) {
      background_.emplace([this](Bytes next) { hash_now(next); });
      ++busy_threads;
    }
  }
  if (background_) {
    background_->update(bytes);
  } else {
    hash_now(bytes);
  }
}

void VerifyingSink::hash_now(Bytes bytes) {
  if (joint_ != nullptr) {
    joint_->update(hasher_, bytes);
  } else {
    hasher_.update(bytes);
  }
}

bool VerifyingSink::is_worth_a_thread() {
  // If threads are scarce, leave them for required ones.
  return expected_.size - count_ >= kLong && busy_threads < cores() && !were_threads_refused() && idle_cores_.has_one();
}

void VerifyingSink::finish() {
  if (count_ != expected_.size) throw wrong_size(where_, expected_, "fewer", count_);
  if (background_) background_->finish();
  check_digest(where_, expected_, hasher_.finish());
}

}  // namespace ociferry
