#include "layout/sealed/stream_check.hpp"

#include <algorithm>

#include "archive/tar_header.hpp"
#include "base/text.hpp"
#include "layout/sealed/member_check.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Zeros that may come behind the end of the tar: the largest record there is.
constexpr std::uint64_t kMostFilling = std::uint64_t{64} * 1024 * 1024;

/// How much of `bytes` lies before `end`.
std::size_t before(std::uint64_t end, std::uint64_t position, std::size_t bytes) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(end - position, bytes));
}

}  // namespace

void StreamCheck::write(Bytes bytes) {
  while (!bytes.empty()) {
    const std::string_view text = as_text(bytes);
    std::size_t taken = 0;
    if (index_ == plan_.members.size()) {
      taken = take_end(text);
    } else if (position_ < member().offset) {
      taken = take_header(text);
    } else if (position_ < member().offset + member().size) {
      taken = take_content(bytes);
    } else {
      taken = take_padding(text);
    }
    position_ += taken;
    bytes = bytes.subspan(taken);
    if (index_ < plan_.members.size() && position_ == member().offset + member().size) end_blob();
    if (index_ < plan_.members.size() && position_ == member().end()) ++index_;
  }
}

std::size_t StreamCheck::take_header(std::string_view bytes) {
  const std::size_t count = before(member().offset, position_, bytes.size());
  header_ += bytes.substr(0, count);
  if (position_ + count < member().offset) return count;
  check_header(name_, member(), header_);
  header_.clear();
  if (member().blob) hasher_.emplace(member().blob->algorithm());
  return count;
}

std::size_t StreamCheck::take_content(Bytes bytes) {
  const std::size_t count = before(member().offset + member().size, position_, bytes.size());
  const Bytes content = bytes.first(count);
  if (hasher_) {
    hasher_->update(content);
    return count;
  }
  // The files before the blobs: an archive's reader has read them, from the same stream.
  const std::string_view expected = std::string_view(plan_.front[index_].content).substr(position_ - member().offset);
  const auto differs = std::ranges::mismatch(as_text(content), expected).in1 - as_text(content).begin();
  if (static_cast<std::size_t>(differs) == count) return count;
  throw damaged(name_, text::cat(member().file, " has changed"), position_ + static_cast<std::size_t>(differs));
}

/// Also called for a blob without bytes.
void StreamCheck::end_blob() {
  if (!hasher_) return;
  const Digest actual = hasher_->finish();
  hasher_.reset();
  if (actual == *member().blob) return;
  throw Error(ErrorCode::Corrupt,
              text::cat(name_, ": ", member().name(), " at offset ", member().offset, ": content has digest ",
                        actual.text(), ", expected ", member().blob->text()))
      .hint("it was damaged on its way, or was so where it comes from: verify it there, and copy or send it again");
}

std::size_t StreamCheck::take_padding(std::string_view bytes) {
  const std::size_t count = before(member().end(), position_, bytes.size());
  check_all_zero(name_, bytes.substr(0, count), position_, text::cat("the padding behind ", member().name()));
  return count;
}

std::size_t StreamCheck::take_end(std::string_view bytes) {
  if (position_ < plan_.total_bytes) {
    const std::size_t count = before(plan_.total_bytes, position_, bytes.size());
    check_all_zero(name_, bytes.substr(0, count), position_, "the end of the tar");
    return count;
  }
  if (position_ + bytes.size() > plan_.total_bytes + kMostFilling ||
      bytes.find_first_not_of('\0') != std::string_view::npos) {
    throw damaged(name_, "other bytes follow the end of the tar", plan_.total_bytes);
  }
  return bytes.size();
}

void StreamCheck::finish() const {
  if (position_ >= plan_.total_bytes) return;
  const std::string where = index_ == plan_.members.size() ? "the end of the tar" : plan_.members[index_].name();
  throw Error(ErrorCode::Corrupt,
              text::cat(name_, " ends at offset ", position_, ", within ", where, ": it has lost the last ",
                        plan_.total_bytes - position_, " of ", plan_.total_bytes, " bytes"))
      .hint("the sender has failed, or the way between was cut: see what the sender says, and run both sides again");
}

}  // namespace ociferry
