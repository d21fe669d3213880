#pragma once

#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "hostile_image.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"

namespace ociferry::testing {

/// Pulls images out of a registry of this process into a directory beside something that they may not touch, and judges
/// what became of both.
class PullTrial {
 public:
  PullTrial();

  /// A directory that no pull may read or change, with a file `secret` in it.
  [[nodiscard]] std::string outside() const { return (directory_.path() / "outside").string(); }
  /// What is wrong with how the image is pulled; empty: nothing. Where it must fail it must do so with a documented
  /// code for bad input, and leave the output as it was; else the output is exactly the tree that it must be. In either
  /// case nothing else has changed.
  [[nodiscard]] std::string judge(const HostileImage& image);
  /// By how much the memory of this process grew during a pull, at most, in MiB.
  [[nodiscard]] std::uint64_t growth() const noexcept { return growth_; }

 private:
  [[nodiscard]] std::filesystem::path output() const { return directory_.path() / "output"; }
  [[nodiscard]] std::string add(const HostileImage& image);
  [[nodiscard]] std::string pull_it(const HostileImage& image);
  [[nodiscard]] std::string judge_outside() const;
  [[nodiscard]] std::string judge_output(const std::map<std::string, std::string>& expected) const;

  TempDirectory directory_;
  FakeRegistry registry_;
  HttpServer server_;
  std::uint64_t pulls_ = 0;
  std::uint64_t growth_ = 0;
};

}  // namespace ociferry::testing
