#include "ferry/tag_writer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

std::vector<TagState> ask_tags(const Destination& to, const std::vector<PlannedManifest>& tags,
                               const Context& context) {
  std::vector<TagState> states(tags.size());
  run_parallel_or_throw(context.jobs, tags.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    states[i] = {.wanted = tags[i], .there = to.target.resolve(tags[i].selector)};
  });
  return states;
}

void put_tag(const Destination& to, const TagState& tag, const Context& context) {
  to.target.put_manifest(*tag.wanted.raw, tag.wanted.selector);
  if (!tag.moves()) return;
  context.progress->moved({{to.name, tag.wanted.selector, std::nullopt}, *tag.there, tag.wanted.digest()});
}

std::size_t write_tags(const Destination& to, const std::vector<TagState>& tags, const Context& context) {
  std::vector<TagState> to_write;
  std::ranges::copy_if(tags, std::back_inserter(to_write), [](const TagState& tag) { return !tag.is_right(); });
  std::stable_partition(to_write.begin(), to_write.end(), [](const TagState& tag) { return tag.there.has_value(); });
  std::vector<PlannedManifest> written;
  for (const TagState& tag : to_write) {
    if (context.stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    put_tag(to, tag, context);
    written.push_back(tag.wanted);
  }
  for (const TagState& tag : ask_tags(to, written, context)) {
    if (!tag.is_right()) throw not_kept(to, tag.wanted, tag.there.has_value());
  }
  return written.size();
}

void refuse_moves(const Destination& to, const std::vector<TagState>& tags) {
  std::vector<std::string> lines;
  for (const TagState& tag : tags) {
    if (!tag.moves()) continue;
    lines.push_back(text::cat(to_string(to.name), ":", tag.wanted.selector, " points to ", tag.there->text(),
                              ", not to ", tag.wanted.digest().text()));
  }
  if (lines.empty()) return;
  throw Error(ErrorCode::Refused, text::cat("--keep-tags forbids moving tags:\n  - ", text::join(lines, "\n  - ")))
      .hint("leave out --keep-tags to move them");
}

Error not_kept(const Destination& to, const PlannedManifest& manifest, bool has_another) {
  return Error(ErrorCode::Unstable,
               text::cat(to_string(to.name), " accepted the manifest ", manifest.digest().text(), " as ",
                         manifest.selector, has_another ? ", but now has another one there" : ", but no longer has it"))
      .hint("check that no garbage collection or other writer is at work there, then run the same command again");
}

}  // namespace ociferry
