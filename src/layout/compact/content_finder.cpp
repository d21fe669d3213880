#include "layout/compact/content_finder.hpp"

#include <algorithm>
#include <limits>

#include "archive/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry::compact {

namespace {

ContentKey key_of(const Digest& digest) {
  ContentKey key{};
  const std::string_view hex = digest.hex();
  const auto value = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::byte>(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
  }
  return key;
}

}  // namespace

void ContentFinder::write(Bytes bytes) {
  while (!bytes.empty() && !is_lost_) {
    std::size_t taken = 0;
    if (content_left_ > 0) {
      taken = take_content(bytes);
    } else if (padding_left_ > 0) {
      taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), padding_left_));
      padding_left_ -= taken;
    } else {
      taken = take_header(bytes);
    }
    position_ += taken;
    bytes = bytes.subspan(taken);
  }
}

std::size_t ContentFinder::take_header(Bytes bytes) {
  const std::size_t taken = std::min(bytes.size(), header_.size() - header_bytes_);
  std::copy_n(bytes.begin(), taken, header_.begin() + static_cast<std::ptrdiff_t>(header_bytes_));
  header_bytes_ += taken;
  if (header_bytes_ == header_.size()) {
    header_bytes_ = 0;
    content_.offset = position_ + taken;
    read_header();
  }
  return taken;
}

void ContentFinder::read_header() {
  if (is_all_zero(header_)) return;
  try {
    const TarBlock header = parse_tar_block(header_);
    const bool is_file = header.type == '0' || header.type == '\0' || header.type == '7';
    // Links and directories may give a size, and have no content: what follows is a header then.
    const bool has_content = is_file || header.type == 'x' || header.type == 'g' || header.type == 'L' ||
                             header.type == 'K' || header.type == 'S';
    if (has_content && header.size > 0) {
      begin_content(header, is_file);
    } else {
      long_path_.clear();
    }
  } catch (const Error&) {
    is_lost_ = true;  // damaged, or no tar: its bytes travel as they are
  }
}

void ContentFinder::begin_content(const TarBlock& header, bool is_file) {
  if (header.size > std::numeric_limits<std::int64_t>::max()) {
    is_lost_ = true;
    return;
  }
  content_.size = header.size;
  content_left_ = header.size;
  padding_left_ = tar_padding(header.size);
  const bool names_next =
      watcher_ != nullptr && (header.type == 'x' || header.type == 'L') && header.size <= limits::kPaxBytes;
  name_type_ = names_next ? header.type : '\0';
  is_captured_ = names_next;
  if (!is_file) return;
  path_ = long_path_.empty() ? header.path : long_path_;
  long_path_.clear();
  if (header.size < kLeastContentBytes) return;
  hasher_.emplace();
  is_captured_ = watcher_ != nullptr && watcher_->wants(path_, header.size);
  if (is_captured_) captured_.reserve(static_cast<std::size_t>(header.size));
}

std::size_t ContentFinder::take_content(Bytes bytes) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), content_left_));
  if (hasher_) hasher_->update(bytes.first(taken));
  if (is_captured_)
    captured_.insert(captured_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  content_left_ -= taken;
  if (content_left_ == 0) end_content();
  return taken;
}

void ContentFinder::end_content() {
  if (hasher_) {
    content_.key = key_of(hasher_->finish());
    hasher_.reset();
    found_.push_back(content_);
    if (watcher_ != nullptr) watcher_->found(found_.back(), path_, captured_);
  } else if (is_captured_) {
    end_name();
  }
  captured_ = {};
  is_captured_ = false;
}

/// An extended header may name what comes next (POSIX.1-2017, pax; GNU tar's type L).
void ContentFinder::end_name() {
  const std::string_view body = as_text(captured_);
  if (name_type_ == 'L') {
    long_path_ = body.substr(0, body.find('\0'));
    return;
  }
  try {
    if (auto path = parse_pax_records(body).path) long_path_ = *std::move(path);
  } catch (const Error&) {
    long_path_.clear();  // only an aid
  }
}

}  // namespace ociferry::compact
