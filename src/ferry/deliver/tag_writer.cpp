#include "ferry/deliver/tag_writer.hpp"

#include <algorithm>
#include <chrono>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "http/clock.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {
/// The longest pause between two requests, in retry delays, while replicas may be behind.
constexpr int kMostDelays = 4;

/// True for a tag given by people whose target the destination hides: putting it may move it.
bool may_move(const TagState& tag) { return tag.is_hidden && !tag.wanted.selector.ends_with(".imgpkg"); }
}  // namespace

TagState ask_tag(const PlannedManifest& tag, const Context& context,
                 const std::function<std::optional<Digest>()>& ask) {
  try {
    return {.wanted = tag, .there = ask()};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Denied) throw;
    context.progress->debug(error.message());
    return {.wanted = tag, .is_hidden = true};
  }
}

TagState ask_tag(const Destination& to, const PlannedManifest& tag, const Context& context) {
  return ask_tag(tag, context, [&] { return to.target.resolve(tag.selector); });
}

std::vector<TagState> ask_tags(const Destination& to, const std::vector<PlannedManifest>& tags,
                               const Context& context) {
  std::vector<TagState> states(tags.size());
  run_parallel_or_throw(context.jobs, tags.size(), context.stop,
                        [&](std::size_t i, const std::stop_token&) { states[i] = ask_tag(to, tags[i], context); });
  return states;
}

void put_tag(const Destination& to, const TagState& tag, const Context& context) {
  to.target.put_manifest(*tag.wanted.raw, tag.wanted.selector);
  if (may_move(tag)) {
    context.progress->warn(text::cat("put the tag ", to_string(to.name), ":", tag.wanted.selector, " at ",
                                     tag.wanted.digest().text(), "; the registry hid its previous target"));
  }
  if (!tag.moves()) return;
  context.progress->moved({{to.name, tag.wanted.selector, std::nullopt}, *tag.there, tag.wanted.digest()});
}

std::vector<PlannedManifest> put_outdated(const Destination& to, const std::vector<TagState>& tags,
                                          const Context& context) {
  std::vector<TagState> to_write;
  std::ranges::copy_if(tags, std::back_inserter(to_write), [](const TagState& tag) { return !tag.is_right(); });
  std::stable_partition(to_write.begin(), to_write.end(), [](const TagState& tag) { return tag.there.has_value(); });
  std::vector<PlannedManifest> written;
  for (const TagState& tag : to_write) {
    throw_if_stopped(context.stop);
    put_tag(to, tag, context);
    written.push_back(tag.wanted);
  }
  return written;
}

void confirm(const Destination& to, const std::vector<PlannedManifest>& written, const Context& context) {
  run_parallel_or_throw(context.jobs, written.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    await_kept(
        to, written[i], [&] { return to.target.resolve(written[i].selector); }, context);
  });
}

void refuse_moves(const Destination& to, const std::vector<TagState>& tags) {
  std::vector<std::string> lines;
  for (const TagState& tag : tags) {
    if (may_move(tag)) {
      lines.push_back(text::cat(to_string(to.name), ":", tag.wanted.selector, " may point to anything: the registry ",
                                "does not show it"));
    }
    if (!tag.moves()) continue;
    lines.push_back(text::cat(to_string(to.name), ":", tag.wanted.selector, " points to ", tag.there->text(),
                              ", not to ", tag.wanted.digest().text()));
  }
  if (lines.empty()) return;
  throw Error(ErrorCode::Refused, text::cat("--keep-tags forbids moving tags:\n  - ", text::join(lines, "\n  - ")))
      .hint("leave out --keep-tags to move them");
}

void await_kept(const Destination& to, const PlannedManifest& manifest,
                const std::function<std::optional<Digest>()>& ask, const Context& context) {
  for (int delays = 1;; delays *= 2) {
    const auto there = ask();
    if (manifest.is(there)) return;
    if (delays > kMostDelays) throw not_kept(to, manifest, there.has_value());
    real_clock().sleep_until(std::chrono::steady_clock::now() + delays * context.registry.retry_delay, context.stop);
  }
}

Error not_kept(const Destination& to, const PlannedManifest& manifest, bool has_another) {
  return Error(ErrorCode::Unstable,
               text::cat(to_string(to.name), " accepted the manifest ", manifest.digest().text(), " as ",
                         manifest.selector, has_another ? ", but now has another one there" : ", but no longer has it"))
      .hint(has_another ? "check that nothing else writes there, then run the same command again"
                        : "its replicas may be behind, or garbage collection is running; run the same command again");
}

}  // namespace ociferry
