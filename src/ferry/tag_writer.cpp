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

std::size_t write_tags(const Destination& to, const std::vector<TagState>& tags, const Context& context) {
  std::vector<TagState> to_write;
  std::ranges::copy_if(tags, std::back_inserter(to_write), [](const TagState& tag) { return !tag.is_right(); });
  std::stable_partition(to_write.begin(), to_write.end(), [](const TagState& tag) { return tag.there.has_value(); });
  std::vector<PlannedManifest> written;
  for (const TagState& tag : to_write) {
    if (context.stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    to.target.put_manifest(*tag.wanted.raw, tag.wanted.selector);
    written.push_back(tag.wanted);
  }
  for (const TagState& tag : ask_tags(to, written, context)) {
    if (!tag.is_right()) throw not_kept(to, tag.wanted, tag.there.has_value());
  }
  return written.size();
}

Error not_kept(const Destination& to, const PlannedManifest& manifest, bool has_another) {
  return Error(ErrorCode::Unstable,
               text::cat(to_string(to.name), " accepted the manifest ", manifest.digest().text(), " as ",
                         manifest.selector, has_another ? ", but now has another one there" : ", but no longer has it"))
      .hint("check that no garbage collection or other writer is at work there, then run the same command again");
}

}  // namespace ociferry
