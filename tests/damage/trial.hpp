#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/fd.hpp"
#include "figures.hpp"
#include "sealed_sample.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"

namespace ociferry::testing {

/// Lets `verify` and `import` try archives, against a registry of this process, and judges how they end.
class Trial {
 public:
  explicit Trial(const SealedSample& sample);

  /// What is wrong with how a damaged archive is taken; empty: nothing. `verify` must refuse it as damaged, incomplete
  /// or hostile, naming the file, a member and an offset; so must `import`, having put no manifest and no tag; and
  /// with --verify-first it must have sent no request that writes.
  [[nodiscard]] std::string judge(const std::string& bytes);
  /// The same of `verify` alone, for a sample with one changed byte: fast enough for every byte.
  [[nodiscard]] std::string judge_flip(std::uint64_t at, char mask);
  /// The same of `verify` alone, for the sample cut to `size` bytes. To be called with smaller and smaller sizes.
  [[nodiscard]] std::string judge_cut(std::uint64_t size);
  /// What `verify` says of an archive: message, context and hint; empty if it takes it.
  [[nodiscard]] std::string refusal(const std::string& bytes);
  /// What is wrong with how an archive is taken whose bytes are right, but not what its images call for: it must be
  /// refused, by name, before any request that writes.
  [[nodiscard]] std::string judge_forged(const std::string& bytes);
  /// What is wrong with how `bytes`, which are whole, are taken: verified and imported twice, the second time
  /// without a write.
  [[nodiscard]] std::string judge_whole(const std::string& bytes);

  /// How many refusals named the member that the byte at `at` is in, of how many flips.
  [[nodiscard]] std::uint64_t exact() const noexcept { return exact_; }
  /// How `verify` ended, by exit code.
  [[nodiscard]] const Counts& refusals() const noexcept { return refusals_; }

 private:
  struct Ending {
    int exit_code = 0;
    std::string error = {};  ///< message, context and hint
  };

  [[nodiscard]] HttpReply answer(const HttpRequest& request);
  void new_registry();
  [[nodiscard]] Ending verify_archive() const;
  [[nodiscard]] Ending import_it(bool verify_first);
  [[nodiscard]] std::string judge_code(const Ending& ending, std::string_view command) const;
  [[nodiscard]] std::string judge_refusal(const Ending& ending, std::string_view command) const;
  [[nodiscard]] std::string judge_import(bool verify_first);

  const SealedSample& sample_;
  TempDirectory directory_;
  std::filesystem::path path_;
  std::mutex mutex_;
  std::shared_ptr<FakeRegistry> registry_;
  std::atomic<int> writes_{0};     ///< requests that change anything, since the registry is new
  std::atomic<int> manifests_{0};  ///< those of them that put a manifest or tag
  HttpServer server_;
  std::uint64_t exact_ = 0;
  Counts refusals_;
};

}  // namespace ociferry::testing
