#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "archive/tar_header.hpp"
#include "archive/tar_parser.hpp"
#include "layout/compact/compact_format.hpp"
#include "stream/sha256.hpp"
#include "stream/stream.hpp"

namespace ociferry::compact {

/// What a content is known by: the first half of its sha256 digest.
using ContentKey = std::array<std::byte, 16>;
struct HashOfContentKey {
  std::size_t operator()(const ContentKey& key) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
  }
};

/// The content of a file in a tar.
struct FoundContent {
  std::uint64_t offset = 0;  ///< in the tar
  std::uint64_t size = 0;
  ContentKey key = {};
  Range base = {};                    ///< the content of the base that it is made of
  std::vector<Step> base_steps = {};  ///< that make it of that, from the beginning of that on; empty if it is not
};

/// Looks at what a ContentFinder finds.
class ContentWatcher {
 public:
  virtual ~ContentWatcher() = default;
  /// Whether the bytes of the file at `path` are wanted. They are kept in memory then.
  [[nodiscard]] virtual bool wants(const std::string& path, std::uint64_t size) = 0;
  /// A content was found; `bytes`: all of it, if they were wanted.
  virtual void found(FoundContent& content, const std::string& path, Bytes bytes) = 0;
};

/// Finds the contents of files in a tar that is written to it. Only an aid: of what is no tar, or no longer, it finds
/// nothing more, and reports nothing.
class ContentFinder : public ByteSink {
 public:
  /// `watcher`, if given, must outlive this.
  explicit ContentFinder(ContentWatcher* watcher = nullptr) : watcher_(watcher) {}
  void write(Bytes bytes) override;
  /// What was found, in order: contents of at least kLeastContentBytes, as far as they were complete.
  [[nodiscard]] std::vector<FoundContent> take() { return std::move(found_); }

 private:
  [[nodiscard]] std::size_t take_header(Bytes bytes);
  [[nodiscard]] std::size_t take_content(Bytes bytes);
  void read_header();
  void begin_content(const TarBlock& header, bool is_file);
  void end_content();
  void end_name();

  ContentWatcher* watcher_;
  std::vector<FoundContent> found_;
  std::uint64_t position_ = 0;
  bool is_lost_ = false;  ///< no header is where one should be
  std::array<std::byte, kTarBlock> header_{};
  std::size_t header_bytes_ = 0;
  std::uint64_t content_left_ = 0;
  std::uint64_t padding_left_ = 0;
  std::optional<Hasher> hasher_;  ///< of the content, if it counts
  FoundContent content_;
  std::string path_;       ///< of the content
  std::string long_path_;  ///< of the next content, if an extended header names it
  char name_type_ = 0;     ///< of an extended header that is read
  bool is_captured_ = false;
  std::vector<std::byte> captured_;  ///< bytes of a content, or of an extended header
};

}  // namespace ociferry::compact
